"""Which nouns have a history to go back in, and what going back means for each. A noun is added by
a row here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

import msgspec

from mcpgateway.control_plane.registry import recipes
from mcpgateway.control_plane.registry.history.diff import STAMPS
from mcpgateway.control_plane.registry.model import (
    Agent,
    Entity,
    Prompt,
    Resource,
    Root,
    Server,
    Tool,
    Upstream,
    environment_id,
    key_id,
    oauth_id,
)
from mcpgateway.control_plane.registry.ports import Rows, WriteTx
from mcpgateway.control_plane.registry.wording import repeatability

CREDENTIAL = "credential"


@dataclass(frozen=True, slots=True)
class Noun:
    """`kind` is the word of history and data planes, `name` that of paths, `what` that of messages.

    `unique`: fields that no two things share. `refers`: fields that hold the id of another thing,
    or ids of others, by the kind of those. `found`: what was found out about it, which a rollback
    leaves as it is while `keeps` says so of what is there and what was. `secrets`: the credentials
    that a thing needs; `may_have`: those that the thing of an id may have. `settled`: with what
    follows from its other fields. `made_of`: ids of other things of the noun that it is made of.
    """

    kind: str
    name: str
    what: str
    type: type[Entity]
    rows: Callable[[WriteTx], Rows[Any]]
    unique: tuple[str, ...]
    refers: Mapping[str, str] = field(default_factory=dict)
    found: frozenset[str] = frozenset()
    secrets: Callable[[Any], tuple[str, ...]] = lambda row: ()
    may_have: Callable[[str], tuple[str, ...]] = lambda id: ()
    keeps: Callable[[Any, Any], bool] = lambda now, then: False
    settled: Callable[[Any], Any] = lambda row: row
    made_of: Callable[[Any], Sequence[str]] = lambda row: ()

    def decode(self, body: msgspec.Raw) -> Any:
        """A body of any release: what it does not name has its default."""
        return msgspec.json.decode(body, type=self.type)


def plain(row: Entity) -> dict[str, Any]:
    """What a thing is, without what every write stamps."""
    return {name: getattr(row, name) for name in row.__struct_fields__ if name not in STAMPS}


def _of_upstream(row: Upstream) -> tuple[str, ...]:
    lines: tuple[str, ...] = ()
    if row.auth:
        lines = (row.id,) if row.auth.stored else _of_client(row)
    if row.transport == "STDIO" and row.transport_options.get("env"):
        lines = (*lines, environment_id(row.id))
    return (*lines, key_id(row.id)) if row.client_cert else lines


def _of_client(row: Upstream) -> tuple[str, ...]:
    """Of an OAuth client that has secrets."""
    oauth = row.auth.oauth if row.auth else None
    return (oauth_id(row.id),) if oauth is not None and oauth.secrets else ()


def _of_holder(row: Tool | Agent) -> tuple[str, ...]:
    return (row.id,) if row.auth else ()


def _same_place(now: Upstream, then: Upstream) -> bool:
    """And made of the same: a document that was given by hand is found nowhere else."""
    return all(getattr(now, name) == getattr(then, name) for name in _PLACE)


def _of_an_upstream(now: Tool | Prompt | Resource, then: object) -> bool:
    return now.upstream_id is not None


def _repeatable(row: Tool) -> Tool:
    return msgspec.structs.replace(row, **repeatability(row.definition, row.overrides))


_FACTS = frozenset(
    {
        "transport",
        "era",
        "protocol_version",
        "capabilities",
        "instructions",
        "server_name",
        "server_version",
        "adds_result_type",
        "document",
    }
)
_PLACE = ("url", "transport", "transport_options", "document")
_PARENT = {"upstream_id": "upstream"}
_SAID = frozenset({"upstream_id", "original_name", "definition", "request", "pending", "drift"})

# In the order in which they can be written: what is referred to comes first.
NOUNS = (
    Noun(
        "upstream",
        "gateways",
        "gateway",
        Upstream,
        attrgetter("upstreams"),
        unique=("name", "slug", "url"),
        found=_FACTS,
        keeps=_same_place,
        secrets=_of_upstream,
        may_have=lambda id: (id, key_id(id), oauth_id(id), environment_id(id)),
    ),
    Noun("root", "roots", "root", Root, attrgetter("roots"), unique=("uri",)),
    Noun(
        "agent",
        "a2a",
        "agent",
        Agent,
        attrgetter("agents"),
        unique=("name", "slug"),
        secrets=_of_holder,
        may_have=lambda id: (id,),
    ),
    Noun(
        "tool",
        "tools",
        "tool",
        Tool,
        attrgetter("tools"),
        unique=("name", "original_name"),
        refers=_PARENT,
        found=_SAID,
        keeps=_of_an_upstream,
        settled=_repeatable,
        made_of=recipes.made_of,
        secrets=_of_holder,
        may_have=lambda id: (id,),
    ),
    Noun(
        "prompt",
        "prompts",
        "prompt",
        Prompt,
        attrgetter("prompts"),
        unique=("name", "original_name"),
        refers=_PARENT,
        found=_SAID,
        keeps=_of_an_upstream,
    ),
    Noun(
        "resource",
        "resources",
        "resource",
        Resource,
        attrgetter("resources"),
        unique=("uri",),
        refers=_PARENT,
        found=frozenset({"upstream_id", "uri", "template", "definition"}),
        keeps=_of_an_upstream,
    ),
    Noun(
        "server",
        "servers",
        "server",
        Server,
        attrgetter("servers"),
        unique=("name",),
        refers={
            "tools": "tool",
            "prompts": "prompt",
            "resources": "resource",
            "agents": "agent",
        },
    ),
)
BY_KIND = {noun.kind: noun for noun in NOUNS}
BY_NAME = {noun.name: noun for noun in NOUNS}
