"""How a delta makes the next table: in proportion to the delta, never losing a resource silently.

Every upsert ends up in use or among the faults. The outcome depends on the resources alone, not
on the order in which they came: of several with one name the smallest id has it, and what lacks
its upstream waits among the faults until the upstream arrives.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Literal, NamedTuple, Protocol, TypeVar

from mcpgateway.common.routing import made_of
from mcpgateway.common.routing.check import KINDS, access_of, problem
from mcpgateway.common.routing.model import (
    Delta,
    Fault,
    Key,
    Kind,
    Prompt,
    Record,
    Resource,
    Tool,
)
from mcpgateway.common.routing.shards import Editor, ShardedMap
from mcpgateway.common.routing.table import CHILD_KINDS, CHILD_SHARDS, Indexes, LeftOut, Table

STEP = 32  # records between two yields: a fraction of a millisecond
MEMBERS_STEP = 256  # ids between two

T = TypeVar("T")
_Child = Tool | Prompt | Resource
_STANDALONE = tuple(kind for kind in KINDS if kind not in CHILD_KINDS)
_CONTESTED = frozenset(("tool", "prompt"))  # resources may share a URI, tools may share no name


class Applied(NamedTuple):
    """`touched` names all that changed, children that healed or broke among them; `faults` are
    those of the touched resources (`table.faults` has all)."""

    table: Table
    touched: frozenset[Key]
    faults: tuple[Fault, ...]


Verdict = Literal["ignore", "apply", "gap", "foreign"]


class Span(Protocol):
    """What a delta, or the manifest of one, says of itself."""

    @property
    def registry(self) -> str: ...
    @property
    def base(self) -> int: ...
    @property
    def revision(self) -> int: ...


def judge(table: Table, delta: Span) -> Verdict:
    """What to do with a delta: old ones are ignored, those after a gap or of another registry's
    lineage can not be applied."""
    if delta.registry != table.registry:
        return "foreign"
    if delta.revision <= table.revision:
        return "ignore"
    return "apply" if delta.base <= table.revision else "gap"


def apply(table: Table, delta: Delta) -> Applied:
    """Deletes first, then upserts (the last of equal keys counts). The caller has judged."""
    return finish(applying(table, delta))


def applying(table: Table, delta: Delta) -> Generator[None, None, Applied]:
    """The same in slices: yields every few records, returns what `apply` returns."""
    draft = Draft(table)
    yield from paced(draft.remove, delta.deletes)
    yield from paced(draft.put, delta.upserts)
    yield from draft.settle()
    after = draft.table(delta.registry, delta.revision)
    touched = frozenset(draft.touched())
    return Applied(after, touched, _faults(after.indexes, touched))


def paced(act: Callable[[T], object], items: Iterable[T]) -> Iterator[None]:
    """Does the act to each item, yielding after every few."""
    for n, item in enumerate(items, 1):
        act(item)
        if n % STEP == 0:
            yield


def finish(steps: Generator[None, None, T]) -> T:
    """Runs slices to their end without a pause between them."""
    while True:
        try:
            next(steps)
        except StopIteration as done:
            result: T = done.value
            return result


class Draft:
    """Private copies of a table's indexes, edited in place: `remove` and `put`, then `settle` to
    its end, then `table` once."""

    def __init__(self, table: Table) -> None:
        indexes = table.indexes
        self._views = table.views
        self._policies = table.policies
        self._before = table.by_kind()
        self._used: dict[Kind, Editor[Any]] = {k: m.edit() for k, m in self._before.items()}
        self._left_out: dict[Kind, Editor[LeftOut]] = {
            kind: indexes.left_out[kind].edit() for kind in KINDS
        }
        self._children = {kind: indexes.children[kind].edit() for kind in CHILD_KINDS}
        self._siblings: dict[tuple[Kind, str], Editor[None]] = {}  # open parts of _children
        self._claims = {kind: indexes.claims[kind].edit() for kind in CHILD_KINDS}
        self._owners = indexes.owners.edit()
        self._searched = indexes.searched.edit()
        self._makers = indexes.makers.edit()
        self._waiting: dict[Kind, dict[str, Any]] = {kind: {} for kind in KINDS}  # to be judged
        self._parents: set[str] = set()  # upstreams that may have come or gone
        self._contested: set[tuple[Kind, str]] = set()  # (kind, name) whose claims changed
        self._touched: dict[Kind, set[str]] = {kind: set() for kind in KINDS}

    def remove(self, key: Key) -> None:
        record = self._take(*key)
        if record is not None:
            self._touched[key.kind].add(key.id)
            self._unlink(record)

    def put(self, record: Record) -> None:
        before = self._take(record.kind, record.id)
        if before is not None:
            self._unlink(before)
        self._touched[record.kind].add(record.id)
        self._waiting[record.kind][record.id] = record
        self._count_owner(record, +1)
        if isinstance(record, _Child):
            self._siblings_of(record.kind, record.upstream)[record.id] = None
            if isinstance(record, Tool):
                made_of.link(self._makers, record)
        elif record.kind == "upstream":
            self._parents.add(record.id)

    def settle(self) -> Iterator[None]:
        """Decides what is in use and what is left out, upstreams before their children."""
        for kind in _STANDALONE:
            yield from paced(self._judge, list(self._waiting[kind].values()))
        for upstream in self._parents:
            if (upstream in self._used["upstream"]) != (upstream in self._before["upstream"]):
                for kind in CHILD_KINDS:
                    yield from paced(partial(self._recall, kind), self._siblings_of(kind, upstream))
        for kind in CHILD_KINDS:
            yield from paced(self._claim, list(self._waiting[kind].values()))
        yield from paced(self._award, self._contested)
        yield from self._settle_made()
        for server in self._touched["server"]:
            yield from self._collect(server)
        yield from paced(self._close_siblings, self._siblings)

    def touched(self) -> Iterator[Key]:
        return (Key(kind, id) for kind, ids in self._touched.items() for id in ids)

    def table(self, registry: str, revision: int) -> Table:
        used = {kind: editor.done() for kind, editor in self._used.items()}
        return Table(
            registry=registry,
            revision=revision,
            upstreams=used["upstream"],
            tools=used["tool"],
            prompts=used["prompt"],
            resources=used["resource"],
            roots=used["root"],
            servers=used["server"],
            principals=used["principal"],
            credentials=used["credential"],
            signing_keys=used["signing_key"],
            roles=used["role"],
            rules=used["rule"],
            api_tokens=used["api_token"],
            revocations=used["revocation"],
            indexes=Indexes(
                left_out={kind: editor.done() for kind, editor in self._left_out.items()},
                children={kind: editor.done() for kind, editor in self._children.items()},
                claims={kind: editor.done() for kind, editor in self._claims.items()},
                owners=self._owners.done(),
                searched=self._searched.done(),
                makers=self._makers.done(),
            ),
            views=self._views.without(self._touched, self._names(used)),
            policies=self._policies,
        )

    def _names(self, used: Mapping[Kind, Mapping[str, Any]]) -> dict[Kind, frozenset[str]]:
        """All names that the touched children had and have; of upstreams their ids."""
        found: dict[Kind, frozenset[str]] = {"upstream": frozenset(self._touched["upstream"])}
        for kind in CHILD_KINDS:
            both = self._before[kind], used[kind]
            records = (by_id.get(id) for id in self._touched[kind] for by_id in both)
            found[kind] = frozenset(_name(each) for each in records if isinstance(each, _Child))
        return found

    def _take(self, kind: Kind, id: str) -> Record | None:
        """Out of wherever it is: waiting, in use, or left out."""
        waiting: Record | None = self._waiting[kind].pop(id, None)
        used: Record | None = self._used[kind].pop(id) if waiting is None else None
        if waiting is not None or used is not None:
            return waiting or used
        left_out: LeftOut | None = self._left_out[kind].pop(id)
        return None if left_out is None else left_out.record

    def _unlink(self, record: Record) -> None:
        self._count_owner(record, -1)
        if isinstance(record, _Child):
            self._withdraw(record)
            self._siblings_of(record.kind, record.upstream).pop(record.id)
            if isinstance(record, Tool):
                made_of.unlink(self._makers, record)
        elif record.kind == "upstream":
            self._parents.add(record.id)

    def _count_owner(self, record: Record, change: int) -> None:
        access = access_of(record)
        if access is None or access.visibility != "private":
            return
        count = (self._owners.get(access.owner) or 0) + change
        if count:
            self._owners[access.owner] = count
        else:
            self._owners.pop(access.owner)

    def _settle_made(self) -> Iterator[None]:
        """What is made of other tools is in use while all of these are. It is touched with them:
        whoever may not use one of them may not use it."""
        touched = self._touched["tool"]
        waiting: dict[str, Tool] = {}
        for id in sorted(touched | made_of.above(self._makers, touched)):
            tool = self._made(id)
            if tool is not None:
                waiting[id] = tool
        touched.update(waiting)
        found = made_of.buildable(waiting, self._makers, self._used["tool"])
        yield from paced(lambda made: self._place(*made), found)

    def _made(self, id: str) -> Tool | None:
        """Takes out what is made of others, and is well by itself."""
        left_out = self._left_out["tool"].get(id)
        tool = self._used["tool"].get(id) if left_out is None else left_out.record
        if not isinstance(tool, Tool) or not tool.recipe or problem(tool) is not None:
            return None
        if (self._claims["tool"].get(tool.name) or ("",))[0] != id:
            return None
        self._take("tool", id)
        return tool

    def _collect(self, id: str) -> Iterator[None]:
        """The members of a server that is searched, which may be many, for views to look up."""
        server = self._used["server"].get(id)
        if server is None or server.discovery != "search":
            self._searched.pop(id)
            return
        members = ShardedMap[None].empty().edit()
        for n, tool in enumerate(server.tools):
            members[tool] = None
            if n % MEMBERS_STEP == 0:
                yield
        self._searched[id] = members.done()

    def _siblings_of(self, kind: Kind, upstream: str) -> Editor[None]:
        editor = self._siblings.get((kind, upstream))
        if editor is None:
            before = self._children[kind].get(upstream) or ShardedMap.empty(CHILD_SHARDS)
            editor = self._siblings[kind, upstream] = before.edit()
        return editor

    def _close_siblings(self, of: tuple[Kind, str]) -> None:
        kind, upstream = of
        ids = self._siblings[kind, upstream].done()
        if ids:
            self._children[kind][upstream] = ids
        else:
            self._children[kind].pop(upstream)

    def _judge(self, record: Record) -> None:
        self._place(record, problem(record))

    def _recall(self, kind: Kind, id: str) -> None:
        """A child whose upstream came or went is judged again."""
        if id in self._waiting[kind]:
            return
        record = self._take(kind, id)
        if isinstance(record, _Child):
            self._withdraw(record)
            self._waiting[kind][id] = record

    def _claim(self, record: _Child) -> None:
        wrong = problem(record)
        if wrong is None and record.upstream and record.upstream not in self._used["upstream"]:
            wrong = f"its upstream {record.upstream!r} is not in the table"
        if wrong is not None:
            self._place(record, wrong)
            return
        claims = self._claims[record.kind]
        name = _name(record)
        claims[name] = tuple(sorted((*(claims.get(name) or ()), record.id)))
        if record.kind in _CONTESTED:
            self._contested.add((record.kind, name))
        else:
            self._place(record, None)

    def _withdraw(self, record: _Child) -> None:
        claims = self._claims[record.kind]
        name = _name(record)
        held = claims.get(name) or ()
        if record.id not in held:
            return
        left = tuple(id for id in held if id != record.id)
        if not left:
            claims.pop(name)
            return
        claims[name] = left
        if record.kind in _CONTESTED:
            self._contested.add((record.kind, name))

    def _award(self, contested: tuple[Kind, str]) -> None:
        """The first claimant has the name; the others are left out for it."""
        kind, name = contested
        claimants = self._claims[kind].get(name) or ()
        for id in claimants:
            record = self._take(kind, id)
            if record is None:
                continue
            first = claimants[0]
            wrong = None if id == first else f"name {name!r} is taken by {kind} {first}"
            self._place(record, wrong)

    def _place(self, record: Record, wrong: str | None) -> None:
        kind, id = record.kind, record.id
        self._waiting[kind].pop(id, None)
        if wrong is None:
            self._used[kind][id] = record
        else:
            self._left_out[kind][id] = LeftOut(record, wrong)
        if (wrong is None) != (id in self._before[kind]):
            self._touched[kind].add(id)


def _name(record: _Child) -> str:
    return record.uri if isinstance(record, Resource) else record.name


def _faults(indexes: Indexes, touched: frozenset[Key]) -> tuple[Fault, ...]:
    return tuple(
        sorted(
            Fault(key.kind, key.id, left_out.problem)
            for key in touched
            if (left_out := indexes.left_out[key.kind].get(key.id)) is not None
        )
    )
