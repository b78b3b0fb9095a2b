"""The routing table: an immutable value of resources by id, and the indexes that make
changes cheap.

It answers lookups and views. `delta` makes the next table out of this one; nothing here changes
a table, except that views are kept once they were asked for.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from mcpgateway.common.policy.access.permits import Permits, place_of
from mcpgateway.common.policy.access.policy import Policies, Policy, Rights, rights
from mcpgateway.common.policy.access.subject import NOBODY, Subject
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
from mcpgateway.common.routing.searched_view import searched_view
from mcpgateway.common.routing.shards import ShardedMap
from mcpgateway.common.routing.view import View, everything_view, server_view
from mcpgateway.common.routing.view_cache import ViewCache, ViewKey
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
    searched: ShardedMap[Ids]  # server id -> its tools, of the servers in search mode
    makers: ShardedMap[tuple[str, ...]]  # tool id -> ids of the tools that are made of it


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
        searched=ShardedMap.empty(CHILD_SHARDS),
        makers=ShardedMap.empty(),
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
    policies: Policies = field(default_factory=Policies, repr=False)

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

    @property
    def policy(self) -> Policy:
        """What its roles and rules come to; compiled when they are others than before."""
        return self.policies.of(self.roles, self.rules)

    def rights(self, subject: Subject) -> Rights:
        """The class of those who may use the same."""
        return rights(self.policy, subject, self._owns_private(subject))

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
        return self.children(kind).get("", ())

    def claims(self, kind: Kind) -> Mapping[str, tuple[str, ...]]:
        """Ids by the name or URI that they claim; the first in use has it."""
        return self.indexes.claims[kind]

    def children(self, kind: Kind) -> Mapping[str, Iterable[str]]:
        """Ids of what upstreams have of a kind, in use or left out, by the upstreams' ids."""
        return self.indexes.children[kind]

    def resources_at(self, uri: str) -> list[Resource]:
        """The resources in use that have this very URI, or are this very template, in order of
        their ids: several upstreams may offer the same."""
        found = (self.resources.get(id) for id in self.indexes.claims["resource"].get(uri) or ())
        return [each for each in found if each is not None]

    def view(self, subject: Subject | None, server_id: str | None) -> View | None:
        """What the subject (None: nobody) is offered at a virtual server, or with `server_id` None
        everything that it may use. None: no such server for this caller, or its token is for
        another place; and anonymous callers are offered only servers with anonymous access. Kept
        until something in it changes."""
        subject = subject or NOBODY
        if subject.scope.server and server_id != subject.scope.server:
            return None
        server = None if server_id is None else self.servers.get(server_id)
        if server is None and (server_id is not None or subject.principal is None):
            return None
        if subject.principal is None and server is not None and not server.anonymous_access:
            return None
        key = (server_id, self.rights(subject))
        return self.views.get(key) or self._make_view(server, key)

    def _make_view(self, server: Server | None, key: ViewKey) -> View | None:
        permits = Permits(key[1])
        if server is None:
            formers = self.views.formers(key)
            made = everything_view(permits, self, self.indexes.claims, formers)
        elif permits.may_use(server, place_of(server)):
            made = self._server_view(server, permits, self.views.formers(key))
        else:
            return None
        self.views.put(key, made)
        return made

    def _server_view(self, server: Server, permits: Permits, formers: Formers) -> View:
        members = self.indexes.searched.get(server.id)
        if members is None or server.naming == "original":
            return server_view(server, permits, self, formers)
        return searched_view(server, permits, self, members, formers)

    def _owns_private(self, subject: Subject) -> bool:
        return subject.principal is not None and subject.principal.id in self.indexes.owners
