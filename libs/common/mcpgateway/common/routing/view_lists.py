"""The lists of a view, each made when it is first asked for: from the list before where there was
one, of which only what changed since is made anew.

Names are spliced into definitions here. What is offered under which name is the view's business.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from operator import itemgetter
from typing import Any, Literal, NamedTuple

import msgspec

from mcpgateway.common.mcp import param_headers, tasks
from mcpgateway.common.mcp.revisions import Era
from mcpgateway.common.routing.listing import Listing
from mcpgateway.common.routing.model import Kind, Tool, Upstream

ListName = Literal["tools", "legacy_tools", "task_tools", "prompts", "resources", "templates"]
Offered = Mapping[str, Any]  # by name or URI
NamesByKind = Mapping[Kind, frozenset[str]]  # of what changed

CHANGES = 1_000  # changed names or tables after which a list is better made anew


class Former(NamedTuple):
    """A list of an earlier table. `names`: all that may have changed since; None where they are
    told by comparing with what was `offered` then. `tables`: how many changed since."""

    listing: Listing
    names: frozenset[str] | None
    offered: Offered | None
    tables: int = 0

    def later(self, names: frozenset[str]) -> "Former | None":
        """After one more change; None: too much has changed."""
        known = None if self.names is None else self.names | names
        if self.tables >= CHANGES or len(known or ()) > CHANGES:
            return None
        return Former(self.listing, known, self.offered, self.tables + 1)

    def changed(self, now: Offered) -> Iterable[str]:
        if self.offered is None:
            return self.names or ()
        before = self.offered
        gone = [name for name in before if name not in now]
        return gone + [name for name, each in now.items() if before.get(name) is not each]


Formers = Mapping[ListName, Former]


class Lists:
    """`offered` by kind. `formers` are of the view that this one takes the place of. `told`: the
    names that change from table to table are told (`after`); else they are found by comparing."""

    def __init__(
        self,
        offered: Mapping[Kind, Offered],
        formers: Formers,
        upstreams: Iterable[Upstream] = (),
        *,
        told: bool,
    ) -> None:
        self._offered = offered
        self._upstreams = upstreams
        self._formers = formers
        self._told = told
        self._made: dict[ListName, Listing] = {}

    def __getitem__(self, name: ListName) -> Listing:
        found = self._made.get(name)
        if found is None:
            found = self._made[name] = self._make(name)
        return found

    def after(self, names: NamesByKind) -> Formers:
        """What the lists of the next table's view can be made of. `names` of what changed."""
        found: dict[ListName, Former] = {}
        for name, (kind, _) in _LISTS.items():
            if _is_stale(name, names):
                continue
            former = self._now(name, kind) or self._formers.get(name)
            later = None if former is None else former.later(names.get(kind, _NONE))
            if later is not None:
                found[name] = later
        return found

    def _now(self, name: ListName, kind: Kind) -> Former | None:
        made = self._made.get(name)
        if made is None:
            return None
        if self._told:
            return Former(made, _NONE, None)
        return Former(made, None, self._offered[kind])

    def _make(self, name: ListName) -> Listing:
        kind, item = _LISTS[name]
        if name == "task_tools":
            item = partial(_task_tool, {each.id: each for each in self._upstreams})
        offered, former = self._offered[kind], self._formers.get(name)
        if former is None:
            made = ((each, item(each, record)) for each, record in _sorted(offered))
            return Listing.of((each, bytes_) for each, bytes_ in made if bytes_ is not None)
        changes: dict[str, bytes | None] = {}
        for each in former.changed(offered):
            record = offered.get(each)
            changes[each] = None if record is None else item(each, record)
        return former.listing.changed(changes)


def later(formers: Formers, names: NamesByKind) -> Formers:
    """The same after one more change, of views that nobody asked for since."""
    found = {
        name: each.later(names.get(_LISTS[name][0], _NONE))
        for name, each in formers.items()
        if not _is_stale(name, names)
    }
    return {name: each for name, each in found.items() if each is not None}


def definition_of(name: str, tool: Tool, era: Era) -> bytes:
    """What a list of tools says of one to clients of an era, under this name."""
    return _tool(name, tool) if era == "modern" else _legacy_tool(name, tool)


def _tool(name: str, record: Any) -> bytes:
    return _spliced("name", name, record.definition)


def _modern_tool(name: str, record: Any) -> bytes | None:
    """A tool whose `x-mcp-header` is wrong must not be offered; legacy clients do not know it."""
    return None if param_headers.problem(record.definition) else _tool(name, record)


def _legacy_tool(name: str, record: Any) -> bytes:
    """For clients before 2026-07-28, which know only output schemas of objects."""
    return _spliced("name", name, _legacy_definition(record.definition))


def _task_tool(upstreams: Mapping[str, Upstream], name: str, record: Any) -> bytes:
    """For clients of 2025-11-25 where the gateway keeps tasks: strict ones ask for a task of no
    tool that does not say that it may be asked. A legacy upstream's own word on that stands."""
    definition = _legacy_definition(record.definition)
    upstream = upstreams.get(record.upstream)
    if upstream is not None and not _has_said(upstream, definition):
        definition = _with_support(definition)
    return _spliced("name", name, definition)


def _has_said(upstream: Upstream, definition: bytes) -> bool:
    """Whether its tools say of tasks what is to be known; a modern upstream has no words for it,
    and for what has no tasks the gateway keeps them."""
    if upstream.era == "modern":
        return False
    return _says_support(definition) or tasks.offered(upstream.capabilities, upstream.era)


def _says_support(definition: bytes) -> bool:
    if b'"taskSupport"' not in definition:
        return False
    return b'"taskSupport"' in bytes(_members_of(definition).get("execution", b""))


def _with_support(definition: bytes) -> bytes:
    if b'"execution"' in definition:
        members = _members_of(definition)
        members["execution"] = msgspec.Raw(_OPTIONAL)
        return msgspec.json.encode(members)
    rest = definition.strip()[1:].lstrip()
    head = b'{"execution":' + _OPTIONAL
    return head + (rest if rest == b"}" else b"," + rest)


def _is_stale(name: ListName, names: NamesByKind) -> bool:
    """What is made of upstreams, too, says nothing any more when one of them is another."""
    return name == "task_tools" and bool(names.get("upstream"))


def _resource(uri: str, record: Any) -> bytes | None:
    return None if record.template else _spliced("uri", uri, record.definition)


def _template(uri: str, record: Any) -> bytes | None:
    return _spliced("uriTemplate", uri, record.definition) if record.template else None


_NONE: frozenset[str] = frozenset()
_OPTIONAL = b'{"taskSupport":"optional"}'
_LISTS: Mapping[ListName, tuple[Kind, Callable[[str, Any], bytes | None]]] = {
    "tools": ("tool", _modern_tool),
    "legacy_tools": ("tool", _legacy_tool),
    "task_tools": ("tool", _legacy_tool),  # and what its upstream has of tasks
    "prompts": ("prompt", _tool),
    "resources": ("resource", _resource),
    "templates": ("resource", _template),
}


def _sorted(offered: Offered) -> list[tuple[str, Any]]:
    pairs = offered.pairs() if hasattr(offered, "pairs") else offered.items()
    return sorted(pairs, key=itemgetter(0))


def _spliced(member: str, value: str, definition: bytes) -> bytes:
    """The definition with one more member in front. It is a JSON object: the table saw to that."""
    rest = definition.strip()[1:].lstrip()
    head = b'{"' + member.encode() + b'":' + msgspec.json.encode(value)
    return head + (rest if rest == b"}" else b"," + rest)


def _legacy_definition(definition: bytes) -> bytes:
    if b'"outputSchema"' not in definition:
        return definition
    members = _members_of(definition)
    if _is_object_schema(members.get("outputSchema")):
        return definition
    members.pop("outputSchema", None)
    return msgspec.json.encode(members)


def _members_of(json_object: bytes) -> dict[str, msgspec.Raw]:
    return msgspec.json.decode(json_object, type=dict[str, msgspec.Raw])


def _is_object_schema(schema: msgspec.Raw | None) -> bool:
    if schema is None:
        return True
    decoded = msgspec.json.decode(schema)
    return isinstance(decoded, dict) and decoded.get("type") == "object"
