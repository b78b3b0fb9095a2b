"""The routing table: an immutable value of resources by id, and the indexes that make
changes cheap.

It answers lookups and views. `delta` makes the next table out of this one; nothing here changes
a table, except that views are kept once they were asked for.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from mcpgateway.common.policy import visibility
from mcpgateway.common.policy.access.subject import NOBODY, Subject
from mcpgateway.common.policy.visibility import Viewer
from mcpgateway.common.routing.model import (
    ApiToken,
    Credential,
    Fault,
    Key,
    Kind,
    Principal,
    Prompt,
    Record,
    Resource,
    Revocation,
    Role,
    Root,
    Rule,
    Server,
    SigningKey,
    Tool,
    Upstream,
)
from mcpgateway.common.routing.shards import ShardedMap
from mcpgateway.common.routing.view import View, ViewCache, everything_view, server_view
from mcpgateway.common.routing.view_lists import Formers

CHILD_SHARDS = 16
Ids = ShardedMap[None]  # a set of ids


class LeftOut(NamedTuple):
    """A resource that is left out, kept so that it heals when what it lacks arrives."""

    record: Record
    problem: str


@dataclass(frozen=True, slots=True)
class Indexes:
    """What `delta` needs to know besides the resources in use. By kind, then by id or name."""

    left_out: Mapping[Kind, ShardedMap[LeftOut]]
    children: Mapping[Kind, ShardedMap[Ids]]  # upstream id -> ids, present or left out
    claims: Mapping[Kind, ShardedMap[tuple[str, ...]]]  # name or URI -> ids; the first has it
    owners: ShardedMap[int]  # principal id -> how many private resources it owns


CHILD_KINDS: tuple[Kind, ...] = ("tool", "prompt", "resource")


def _no_indexes() -> Indexes:
    kinds: tuple[Kind, ...] = (
        *CHILD_KINDS,
        "upstream",
        "root",
        "server",
        "principal",
        "credential",
        "signing_key",
        "role",
        "rule",
        "api_token",
        "revocation",
    )
    return Indexes(
        left_out={kind: ShardedMap.empty(CHILD_SHARDS) for kind in kinds},
        children={kind: ShardedMap.empty() for kind in CHILD_KINDS},
        claims={kind: ShardedMap.empty() for kind in CHILD_KINDS},
        owners=ShardedMap.empty(),
    )


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Table:
    """All resources of one registry at one revision; `registry` "" is the table before the first.

    What is in `upstreams` ... `revocations` is usable as it is: the upstream of every tool that
    has one is there, names are unique. What is not usable is in `faults`.
    """

    registry: str = ""
    revision: int = 0
    upstreams: ShardedMap[Upstream] = field(default_factory=ShardedMap.empty)
    tools: ShardedMap[Tool] = field(default_factory=ShardedMap.empty)
    prompts: ShardedMap[Prompt] = field(default_factory=ShardedMap.empty)
    resources: ShardedMap[Resource] = field(default_factory=ShardedMap.empty)
    roots: ShardedMap[Root] = field(default_factory=ShardedMap.empty)
    servers: ShardedMap[Server] = field(default_factory=ShardedMap.empty)
    principals: ShardedMap[Principal] = field(default_factory=ShardedMap.empty)
    credentials: ShardedMap[Credential] = field(default_factory=ShardedMap.empty)
    signing_keys: ShardedMap[SigningKey] = field(default_factory=ShardedMap.empty)
    roles: ShardedMap[Role] = field(default_factory=ShardedMap.empty)
    rules: ShardedMap[Rule] = field(default_factory=ShardedMap.empty)
    api_tokens: ShardedMap[ApiToken] = field(default_factory=ShardedMap.empty)
    revocations: ShardedMap[Revocation] = field(default_factory=ShardedMap.empty)
    indexes: Indexes = field(default_factory=_no_indexes, repr=False)
    views: ViewCache = field(default_factory=ViewCache, repr=False)

    @staticmethod
    def empty() -> "Table":
        return Table()

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What is left out and why, in order of kind and id. Computed at each reading."""
        return tuple(
            sorted(
                Fault(kind, id, left_out.problem)
                for kind, by_id in self.indexes.left_out.items()
                for id, left_out in by_id.items()
            )
        )

    def has(self, key: Key) -> bool:
        """Whether the resource is in use (not absent, not left out)."""
        return key.id in self.by_kind()[key.kind]

    def by_kind(self) -> Mapping[Kind, ShardedMap[Record]]:
        return {
            "upstream": self.upstreams,
            "tool": self.tools,
            "prompt": self.prompts,
            "resource": self.resources,
            "root": self.roots,
            "server": self.servers,
            "principal": self.principals,
            "credential": self.credentials,
            "signing_key": self.signing_keys,
            "role": self.roles,
            "rule": self.rules,
            "api_token": self.api_tokens,
            "revocation": self.revocations,
        }

    def own(self, kind: Kind) -> Iterable[str]:
        """Ids of the tools, prompts or resources without an upstream, in use or left out."""
        return self.indexes.children[kind].get("") or ()

    def resources_at(self, uri: str) -> list[Resource]:
        """The resources in use that have this very URI, or are this very template, in order of
        their ids: several upstreams may offer the same."""
        found = (self.resources.get(id) for id in self.indexes.claims["resource"].get(uri) or ())
        return [each for each in found if each is not None]

    def view(self, subject: Subject | None, server_id: str | None) -> View | None:
        """What the subject (None: nobody) is offered at a virtual server, or with `server_id` None
        everything that it may see. None: no such server for this caller, or its token is for
        another place; and anonymous callers see only servers with anonymous access. Kept until
        something in it changes."""
        subject = subject or NOBODY
        if subject.scope.server and server_id != subject.scope.server:
            return None
        who = visibility.viewer(subject, self._owns_private(subject))
        server = None
        if server_id is not None:
            server = self.servers.get(server_id)
            if server is None or not visibility.sees(who, server.access):
                return None
        if subject.principal is None and (server is None or not server.anonymous_access):
            return None
        key = (server_id, who)
        found = self.views.get(key)
        if found is None:
            found = self._make_view(server, who, self.views.formers(key))
            self.views.put(key, found)
        return found

    def _owns_private(self, subject: Subject) -> bool:
        return subject.principal is not None and subject.principal.id in self.indexes.owners

    def _make_view(self, server: Server | None, who: Viewer, formers: Formers) -> View:
        if server is not None:
            return server_view(server, who, self, formers)
        return everything_view(who, self, self.indexes.claims, formers)
