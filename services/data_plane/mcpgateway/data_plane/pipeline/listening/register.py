"""Who listens on this replica, to what, and as whom: the register of all that outlives a decision.

A listener keeps ids, never a table. Each new table is held against it: whose lists changed is
told, who may no longer listen is ended, within the swap.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from mcpgateway.common.mcp.envelope import Problem
from mcpgateway.common.mcp.listening import LISTS, Filter, List
from mcpgateway.common.policy.access.permits import Permits, Used
from mcpgateway.common.policy.access.policy import Rights
from mcpgateway.common.policy.access.subject import Subject
from mcpgateway.common.routing.model import Key, Principal
from mcpgateway.common.routing.table import Table
from mcpgateway.common.routing.view import View
from mcpgateway.data_plane.pipeline.call import Caller
from mcpgateway.data_plane.pipeline.offered import refusal, revisions
from mcpgateway.data_plane.pipeline.shares import Shares

MAX_LISTENERS = 50_000  # on one replica, shared by callers (`shares`); one more is refused
_GroupKey = tuple[str, tuple[object, ...]]
_KINDS: dict[str, List] = {"tool": "tools", "prompt": "prompts", "resource": "resources"}


class Ear(Protocol):
    """One listener."""

    @property
    def revision(self) -> str:
        """That it speaks: one that its server offers."""

    @property
    def filter(self) -> Filter:
        """What it wants to be told now."""

    def changed(self, name: List) -> None:
        """A list is another now."""

    def over(self, problem: Problem | None = None) -> None:
        """Its caller may no longer listen here, for that reason. Nothing is told after that."""


@dataclass(slots=True, eq=False)
class _Group:
    """Listeners of one subject at one virtual server ("" for everything). `view` is what they
    were last told of; None at the endpoint of everything, which is asked by what was touched.
    `rights` is the class that the subject was of then."""

    server: str
    subject: Subject
    view: View | None
    rights: Rights
    stored: bool  # the principal is one of the table's
    ears: dict[Ear, Caller] = field(default_factory=dict)


Trusts = Callable[[Table, Caller], bool]
"""Whether what a caller came with would let it in under the table."""
_OF_TOKENS = frozenset(("api_token", "revocation"))


class Register:
    """`now` is Unix seconds."""

    def __init__(self, now: Callable[[], float], trusts: Trusts) -> None:
        self._now = now
        self._trusts = trusts
        self._groups: dict[_GroupKey, _Group] = {}
        self._shares = Shares[Ear](MAX_LISTENERS)

    def __len__(self) -> int:
        return len(self._shares)

    def full(self, caller: Caller) -> bool:
        """Whether there is no room for one more of this caller."""
        return self._shares.refuses(caller.key)

    def add(self, ear: Ear, caller: Caller, table: Table, view: View) -> Callable[[], None]:
        """From now on it is told; call what is returned when it goes away by itself."""
        subject = caller.subject
        key: _GroupKey = (view.server_id, subject.sameness())
        group = self._groups.get(key)
        if group is None:
            stored = subject.stored(table.principals)
            shown = None if view.server is None else view
            group = self._groups[key] = _Group(
                view.server_id, subject, shown, view.permits.rights, stored
            )
        group.ears[ear] = caller
        self._shares.take(caller.key, ear)

        def remove() -> None:
            self._remove(key, group, ear)

        return remove

    def table_changed(self, table: Table, touched: frozenset[Key] | None) -> None:
        """A listener for the table holder."""
        ids = None if touched is None or decides(touched) else frozenset(key.id for key in touched)
        if touched is None or any(key.kind == "signing_key" for key in touched):
            self._end_where(lambda caller: not self._trusts(table, caller))
        elif gone := {key.id for key in touched if key.kind in _OF_TOKENS}:
            self._end_where(
                lambda caller: (
                    (caller.subject.token in gone or caller.api_token in gone)
                    and not self._trusts(table, caller)
                )
            )
        for key, group in list(self._groups.items()):
            self._judge(key, group, table, touched, ids)

    def expire(self) -> None:
        """Ends those whose credentials have expired. Call it from time to time."""
        now = self._now()
        self._end_where(lambda caller: caller.expires <= now)

    def _end_where(self, condition: Callable[[Caller], bool]) -> None:
        for key, group in list(self._groups.items()):
            for ear in [ear for ear, caller in group.ears.items() if condition(caller)]:
                self._end(key, group, ear)

    def _judge(
        self,
        key: _GroupKey,
        group: _Group,
        table: Table,
        touched: frozenset[Key] | None,
        ids: frozenset[str] | None,
    ) -> None:
        if group.stored and (ids is None or group.subject.id in ids):
            renewed = group.subject.renewed(table.principals)
            if renewed is None or not _still(renewed.principal, group.subject.principal):
                self._end_all(key, group)
                return
            group.subject = renewed
        elif ids is not None and group.view is not None and _untouched(group.view, ids):
            return
        view = table.view(group.subject, group.server or None)
        if view is None:
            self._end_all(key, group)
            return
        self._end_unoffered(key, group, view)
        for name in _changed(group, view, table, touched):
            for ear in list(group.ears):
                if name in ear.filter.lists:
                    ear.changed(name)
        group.view = None if view.server is None else view
        group.rights = view.permits.rights

    def _end_unoffered(self, key: _GroupKey, group: _Group, view: View) -> None:
        """Revisions may be withdrawn from a server."""
        among = revisions(view)
        for ear in [ear for ear in group.ears if ear.revision not in among]:
            self._end(key, group, ear, refusal(ear.revision, among))

    def _end_all(self, key: _GroupKey, group: _Group) -> None:
        for ear in list(group.ears):
            self._end(key, group, ear)

    def _end(self, key: _GroupKey, group: _Group, ear: Ear, problem: Problem | None = None) -> None:
        if self._remove(key, group, ear):
            ear.over(problem)

    def _remove(self, key: _GroupKey, group: _Group, ear: Ear) -> bool:
        """Whether it was there."""
        caller = group.ears.pop(ear, None)
        if caller is None:
            return False
        self._shares.give_back(caller.key, ear)
        if not group.ears and self._groups.get(key) is group:
            del self._groups[key]
        return True


def decides(touched: Iterable[Key]) -> bool:
    """Whether what was touched may change who may do what anywhere."""
    return any(key.kind in ("role", "rule") for key in touched)


def _still(now: Principal | None, then: Principal | None) -> bool:
    """Whether tokens that were good for it are good."""
    if now is None or then is None:
        return now is then
    return now.active and now.not_before == then.not_before


def _untouched(view: View, ids: frozenset[str]) -> bool:
    return view.depends is not None and view.depends.isdisjoint(ids)


def _changed(
    group: _Group, view: View, table: Table, touched: frozenset[Key] | None
) -> tuple[List, ...]:
    """The lists that are others now, in a fixed order."""
    old = group.view
    if old is None:
        same = group.rights == view.permits.rights
        return _of_everything(view.permits, table, touched if same else None)
    pairs = ((old.prompts, view.prompts), (old.resources, view.resources))
    differ = (_tools_differ(old, view), *(dict(was) != dict(now) for was, now in pairs))
    return tuple(name for name, differs in zip(LISTS, differ, strict=True) if differs)


def _tools_differ(old: View, view: View) -> bool:
    """Of what clients are shown: at a server in search mode that is always the same."""
    if old.searched or view.searched:
        return old.searched != view.searched
    return dict(old.tools) != dict(view.tools)


def _of_everything(
    permits: Permits, table: Table, touched: frozenset[Key] | None
) -> tuple[List, ...]:
    """By what was touched: what is gone may have been seen, and what is new must be visible."""
    if touched is None:
        return LISTS
    names: set[List] = set()
    records = table.by_kind()
    for key in touched:
        name = _KINDS.get(key.kind)
        if name is None:
            continue
        record = records[key.kind].get(key.id)
        if not isinstance(record, Used) or permits.may_use(record):
            names.add(name)
    return tuple(name for name in LISTS if name in names)
