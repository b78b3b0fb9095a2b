"""What callers would see of a change: which tools, prompts and resources appear, change or vanish
at which endpoint, and for whom. Pure.

Compared are the views that data planes would make of the records before and after, for each class
of callers that the access of the changed things and of the servers tells apart. Roles and rules are
left out: each class is taken to be allowed what it sees.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from mcpgateway.common.policy.access.permits import Permits
from mcpgateway.common.policy.access.policy import Rights
from mcpgateway.common.policy.visibility import Viewer, sees
from mcpgateway.common.routing import made_of
from mcpgateway.common.routing.build import build
from mcpgateway.common.routing.model import (
    NO_ORIGIN,
    PUBLIC,
    Access,
    Prompt,
    Record,
    Resource,
    Server,
    Tool,
)
from mcpgateway.common.routing.table import Table
from mcpgateway.common.routing.view import View, everything_view, server_view

MAX_AUDIENCES = 64  # looked at for each endpoint; of more, those that need fewest memberships

Offered: TypeAlias = Tool | Prompt | Resource
Kind = Literal["tool", "prompt", "resource"]
_KINDS: tuple[Kind, ...] = ("tool", "prompt", "resource")
_UNSEEN = frozenset({"id", "name", "uri", "definition", "origin", "access", "tags", "kind"})


class Place(NamedTuple):
    """A server's endpoint."""

    id: str
    name: str


class Effect(NamedTuple):
    """`place` None: the endpoint of everything. `what`: the members that change. `audience`: for
    whom; whoever belongs to one of `but` as well sees something else, or no effect."""

    place: Place | None
    kind: Kind
    name: str
    effect: Literal["appear", "change", "vanish"]
    what: tuple[str, ...]
    audience: str
    but: tuple[str, ...] = ()


class _Audience(NamedTuple):
    """A class of callers. `level` orders them, so that who sees more comes later."""

    level: int
    label: str
    viewer: Viewer

    @property
    def permits(self) -> Permits:
        return Permits(Rights.all_of(self.viewer))

    def within(self, other: "_Audience") -> bool:
        """Whether `other` belongs to this class too, and to more."""
        if self.level >= other.level:
            return False
        mine, its = self.viewer, other.viewer
        return its.admin or (mine.teams <= its.teams and mine.owner in ("", its.owner))


_ANONYMOUS = _Audience(0, "everyone, also without a token", Viewer())
_EVERYONE = _Audience(1, "everyone", Viewer())
_ADMINISTRATORS = _Audience(9, "administrators", Viewer(admin=True))

_What: TypeAlias = tuple[Literal["appear", "change", "vanish"], tuple[str, ...]]


def effects(
    before: Iterable[Record], after: Iterable[Record], changed: Collection[tuple[str, str]]
) -> Iterator[Effect]:
    """`changed` names the things that changed; the records hold them, what shares their names, the
    servers that hold them, all that those hold, and what tools are made of. Sorted by endpoint,
    kind and name."""
    tables = build("", 1, before), build("", 1, after)
    changed = {*changed, *(key for table in tables for key in _made_of(table, changed))}
    touched = [record for table in tables for record in _named(table, changed)]
    accesses = [record.access for record in touched]
    yield from _everywhere(tables, touched, accesses)
    for id in sorted(set(tables[0].servers) | set(tables[1].servers)):
        yield from _at_server(tables, id, accesses)


def _made_of(table: Table, changed: Collection[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The tools that are made of changed ones, by whatever way."""
    ids = [id for kind, id in changed if kind == "tool"]
    return (("tool", id) for id in made_of.above(table.indexes.makers, ids))


def _named(table: Table, changed: Collection[tuple[str, str]]) -> Iterator[Offered]:
    for of_kind in (table.tools, table.prompts, table.resources):
        for record in of_kind.values():
            if (record.kind, record.id) in changed:
                yield record


def _everywhere(
    tables: tuple[Table, Table], touched: Iterable[Offered], accesses: Iterable[Access]
) -> Iterator[Effect]:
    names = {kind: {_name(each) for each in touched if each.kind == kind} for kind in _KINDS}
    shared = [
        each.access
        for table in tables
        for uri in names["resource"]
        for each in table.resources_at(uri)
    ]
    found = _Found(None)
    for audience in _audiences([*accesses, *shared], anonymous=False):
        views = [everything_view(audience.permits, each, each.indexes.claims) for each in tables]
        found.compare(audience, _looked_up(views[0], names), _looked_up(views[1], names))
    yield from found.effects()


def _at_server(
    tables: tuple[Table, Table], id: str, accesses: Iterable[Access]
) -> Iterator[Effect]:
    servers = [table.servers.get(id) for table in tables]
    there = [server for server in servers if server is not None]
    told_apart = [server.access for server in there] + list(accesses)
    for server, table in zip(servers, tables, strict=True):
        if server is not None and server.naming == "original":  # names depend on who sees what
            told_apart += [each.access for each in _members(server, table)]
    found = _Found(Place(id, there[-1].name))
    anonymous = any(server.anonymous_access for server in there)
    for audience in _audiences(told_apart, anonymous=anonymous):
        offers = [
            _offer(server, audience, table) for server, table in zip(servers, tables, strict=True)
        ]
        found.compare(audience, *offers)
    yield from found.effects()


def _members(server: Server, table: Table) -> Iterator[Offered]:
    for ids, by_id in ((server.tools, table.tools), (server.prompts, table.prompts)):
        yield from (each for id in ids if (each := by_id.get(id)) is not None)
    found = (table.resources.get(id) for id in server.resources)
    yield from (each for each in found if each is not None)


_Offer: TypeAlias = Mapping[tuple[Kind, str], Offered]


def _offer(server: Server | None, audience: _Audience, table: Table) -> _Offer:
    if server is None or not sees(audience.viewer, server.access):
        return {}
    if audience is _ANONYMOUS and not server.anonymous_access:
        return {}
    view = server_view(server, audience.permits, table)
    offers: dict[tuple[Kind, str], Offered] = {}
    for kind, by_name in _by_kind(view).items():
        offers |= {(kind, name): each for name, each in by_name.items()}
    return offers


def _by_kind(view: View) -> Mapping[Kind, Mapping[str, Offered]]:
    return {"tool": view.tools, "prompt": view.prompts, "resource": view.resources}


def _looked_up(view: View, names: Mapping[Kind, Iterable[str]]) -> _Offer:
    by_kind = _by_kind(view)
    return {
        (kind, name): each
        for kind in _KINDS
        for name in names[kind]
        if (each := by_kind[kind].get(name)) is not None
    }


class _Found:
    """What was found at one endpoint: by what it is about, and by audience."""

    def __init__(self, place: Place | None) -> None:
        self._place = place
        self._audiences: list[_Audience] = []
        self._by_name: dict[tuple[Kind, str], dict[_Audience, _What]] = {}

    def compare(self, audience: _Audience, before: _Offer, after: _Offer) -> None:
        self._audiences.append(audience)
        for key in before.keys() | after.keys():
            what = _difference(before.get(key), after.get(key))
            if what is not None:
                self._by_name.setdefault(key, {})[audience] = what

    def effects(self) -> Iterator[Effect]:
        for (kind, name), by_audience in sorted(self._by_name.items(), key=lambda item: item[0]):
            for audience, what in by_audience.items():
                less = [each for each in self._audiences if each.within(audience)]
                if any(by_audience.get(each) == what for each in less):
                    continue  # said of a larger class already
                but = self._otherwise(audience, what, by_audience)
                yield Effect(self._place, kind, name, *what, audience.label, but)

    def _otherwise(
        self, audience: _Audience, what: _What, by_audience: Mapping[_Audience, _What]
    ) -> tuple[str, ...]:
        """The largest classes within this one for which it is not so."""
        found: list[_Audience] = []
        for each in self._audiences:
            other = audience.within(each) and by_audience.get(each) != what
            if other and not any(known.within(each) for known in found):
                found.append(each)
        labels = [each.label for each in found if each is not _ADMINISTRATORS]
        administrators = by_audience.get(_ADMINISTRATORS) != what
        if administrators and audience is not _ADMINISTRATORS:
            labels.append(_ADMINISTRATORS.label)
        return tuple(labels)


def _difference(before: Offered | None, after: Offered | None) -> _What | None:
    if before is None or after is None:
        if before is after:
            return None
        return ("appear", ()) if before is None else ("vanish", ())
    changed = members(before, after)
    return ("change", changed) if changed else None


def members(before: Offered, after: Offered) -> tuple[str, ...]:
    """What of a thing of the same name differs: members of its definition, and fields of its record
    that say how it is answered."""
    if _bare(before) == _bare(after):
        return ()
    found = {
        name
        for name in before.__struct_fields__
        if name not in _UNSEEN and getattr(before, name) != getattr(after, name)
    }
    if before.definition != after.definition:
        found |= _defined(before.definition, after.definition)
    return tuple(sorted(found))


def _bare(record: Offered) -> Offered:
    named = {"uri": ""} if isinstance(record, Resource) else {"name": ""}
    return msgspec.structs.replace(record, id="", origin=NO_ORIGIN, access=PUBLIC, tags=(), **named)


def _defined(before: bytes, after: bytes) -> set[str]:
    try:
        old, new = (
            msgspec.json.decode(text, type=dict[str, msgspec.Raw]) for text in (before, after)
        )
    except msgspec.DecodeError:
        return {"definition"}
    changed = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
    return changed or {"definition"}


def _name(record: Offered) -> str:
    return record.uri if isinstance(record, Resource) else record.name


def _audiences(accesses: Sequence[Access], *, anonymous: bool) -> list[_Audience]:
    """Every class that sees something others do not, by how much it sees."""
    teams = dict.fromkeys(each.team for each in accesses if each.visibility == "team")
    owners = dict.fromkeys(each.owner for each in accesses if each.visibility == "private")
    atoms = [("team", team) for team in teams if team] + [("owner", who) for who in owners if who]
    found = [_ANONYMOUS] if anonymous else []
    found.append(_EVERYONE)
    for size in (1, 2, 3):
        for chosen in combinations(atoms, size):
            if sum(kind == "owner" for kind, _ in chosen) <= 1 and len(found) < MAX_AUDIENCES:
                found.append(_audience(chosen))
    return [*found, _ADMINISTRATORS]


def _audience(chosen: tuple[tuple[str, str], ...]) -> _Audience:
    teams = frozenset(name for kind, name in chosen if kind == "team")
    owner = "".join(name for kind, name in chosen if kind == "owner")
    label = " and ".join(f"{kind} {name}" for kind, name in chosen)
    return _Audience(1 + len(chosen), label, Viewer(False, teams, owner))
