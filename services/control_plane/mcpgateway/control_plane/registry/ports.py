"""The ports of the registry: what it needs of the outside, implemented by store and discovery."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple, Protocol

import msgspec

from mcpgateway.common.content.jobs import Found as InTemplate
from mcpgateway.common.content.prompt_template import Argument
from mcpgateway.common.policy.root_uris import ANY_ROOT, RootPolicy
from mcpgateway.common.routing.model import Delta, Fault
from mcpgateway.common.seal import Sealer
from mcpgateway.control_plane.registry.access.default_roles import USUAL_ROLES, DefaultRoles
from mcpgateway.control_plane.registry.catalog.catalog import Catalog, Standing
from mcpgateway.control_plane.registry.discovered.ports import (
    Discoverer,
    Documents,
    Reacher,
)
from mcpgateway.control_plane.registry.history.model import Tried
from mcpgateway.control_plane.registry.history.ports import History
from mcpgateway.control_plane.registry.model import (
    Agent,
    Credential,
    DefinitionPolicy,
    Health,
    Prompt,
    Resource,
    Root,
    Server,
    SigningKey,
    Upstream,
    Viewer,
    Who,
)
from mcpgateway.control_plane.registry.model import Transport as Transport  # of Discovered
from mcpgateway.control_plane.registry.openapi.ports import ApiReader
from mcpgateway.control_plane.registry.people import token_rules
from mcpgateway.control_plane.registry.people.model import User
from mcpgateway.control_plane.registry.people.ports import AccessReader, IdentityTx
from mcpgateway.control_plane.registry.people.token_ports import TokenReads
from mcpgateway.control_plane.registry.people.token_rules import TokenRules
from mcpgateway.control_plane.registry.rows import ChildRows as ChildRows
from mcpgateway.control_plane.registry.rows import KeyedRows as KeyedRows
from mcpgateway.control_plane.registry.rows import Rows as Rows
from mcpgateway.control_plane.registry.rows import ToolRows
from mcpgateway.control_plane.registry.runners import Processes
from mcpgateway.control_plane.registry.search import Hit, Noun, Wanted
from mcpgateway.control_plane.registry.teams import team_rules
from mcpgateway.control_plane.registry.teams.team_ports import TeamReads, TeamRequests
from mcpgateway.control_plane.registry.teams.team_rules import TeamRules
from mcpgateway.control_plane.registry.upstream_auth.ports import TokenPorts
from mcpgateway.control_plane.registry.views import (
    PromptView,
    Query,
    ResourceView,
    ServerView,
    ToolView,
    UpstreamView,
)

Child = Literal["tool", "prompt", "resource"]


class CatalogSource(Protocol):
    async def current(self) -> Catalog:
        """Raises Unavailable."""


class RoutingSource(Protocol):
    """What the publisher reads."""

    async def delta(self, base: int) -> Delta:
        """All that changed after `base`, read in one REPEATABLE READ transaction at exactly
        `revision`; base 0 reads everything (a snapshot). Secrets are store-sealed."""


class Position(NamedTuple):
    """Where the registry is: its lineage and revision."""

    registry: str
    revision: int


class Outcome(NamedTuple):
    """Who of the live replicas has applied a revision, who has not yet, and what a replica that
    has it could not use, with its id."""

    applied: int
    live: int
    pending: tuple[str, ...] = ()
    faults: tuple[tuple[str, Fault], ...] = ()


class WriteTx(IdentityTx, Protocol):
    """One revision in the making. Nothing is seen outside before the block ends well."""

    @property
    def revision(self) -> int: ...

    @property
    def at(self) -> datetime: ...

    @property
    def history(self) -> History:
        """What was before this revision."""

    @property
    def upstreams(self) -> KeyedRows[Upstream]: ...

    @property
    def tools(self) -> ToolRows: ...

    @property
    def prompts(self) -> ChildRows[Prompt]: ...

    @property
    def resources(self) -> ChildRows[Resource]: ...

    @property
    def servers(self) -> KeyedRows[Server]: ...

    @property
    def agents(self) -> KeyedRows[Agent]: ...

    @property
    def roots(self) -> KeyedRows[Root]: ...

    @property
    def signing_keys(self) -> Rows[SigningKey]: ...

    @property
    def credentials(self) -> Rows[Credential]: ...

    @property
    def documents(self) -> Documents: ...

    def attempt(self) -> AbstractAsyncContextManager[None]:
        """A part of it that may fail alone: what was written in the block is gone then, and the
        transaction goes on."""

    async def touch_holders(self, noun: Child, ids: Sequence[str]) -> None:
        """Servers that hold one of these look different to data planes now: a new revision of
        each, not a new version."""


class TagCount(NamedTuple):
    """How many things of one noun have a tag."""

    tag: str
    noun: str
    things: int


class Event(msgspec.Struct, frozen=True):
    """One change of one thing, with its state after it (before a delete), as a JSON object."""

    revision: int
    id: str
    op: Literal["create", "update", "delete"]
    at: datetime
    body: dict[str, Any]


class Reader(Protocol):
    """Reads of what is committed, one statement each."""

    @property
    def access(self) -> AccessReader: ...

    @property
    def teams(self) -> TeamReads: ...

    @property
    def tokens(self) -> TokenReads: ...

    async def document(self, sha256: str) -> bytes:
        """As `Documents.get`."""

    async def upstreams(self, query: Query) -> list[UpstreamView]: ...

    async def tools(self, query: Query) -> list[ToolView]: ...

    async def drifted(self, query: Query, states: Sequence[str]) -> list[ToolView]:
        """Tools whose drift is in one of these states."""

    async def prompts(self, query: Query) -> list[PromptView]: ...

    async def resources(self, query: Query) -> list[ResourceView]: ...

    async def servers(self, query: Query) -> list[ServerView]: ...

    async def agents(self, query: Query) -> list[Agent]: ...

    async def roots(self, query: Query) -> list[Root]: ...

    async def count(self, noun: str, query: Query) -> int:
        """How many a list would name, by the noun's name in paths, without its limit."""

    async def tags(self, viewer: Viewer) -> list[TagCount]:
        """Of all that the viewer may see, sorted by tag."""

    async def events(self, noun: str, after: int, viewer: Viewer) -> list[Event]:
        """The first changes of one noun after a revision, of things that the viewer may see; at
        most 1,000."""

    async def search(self, wanted: Wanted) -> dict[Noun, list[Hit]]:
        """Nouns in the order asked for, each with a statement or more of its own."""

    async def credentials(self, upstream_ids: Sequence[str] | None) -> list[Credential]:
        """Of these upstreams; None: all that there are, of tools and agents too."""

    async def clash(self, name: str, slug: str, url: str, other_than: str) -> Upstream | None:
        """An upstream, not the one with id `other_than`, that has this name, slug or URL."""

    async def standing_at(self, urls: Sequence[str], viewer: Viewer) -> dict[str, Standing]:
        """The upstreams that are registered under these URLs, of those that the viewer may see."""

    async def user(self, email: str) -> User | None: ...

    async def last_login(self, email: str) -> datetime | None: ...

    async def signing_keys(self) -> list[SigningKey]: ...

    async def position(self) -> Position: ...


class Store(Protocol):
    @property
    def read(self) -> Reader: ...

    @property
    def history(self) -> History: ...

    @property
    def team_requests(self) -> TeamRequests:
        """For what changes nothing that has a revision."""

    def write(self, who: Who) -> AbstractAsyncContextManager[WriteTx]:
        """The only way to change what data planes see. Transactions run one after another; no
        network act belongs inside."""

    async def report_health(self, health: Health) -> None:
        """No revision. Nothing happens when the upstream is gone."""

    async def note_login(self, email: str, at: datetime) -> None: ...

    async def reseal_kept(self, rows: Sequence[Credential]) -> None:
        """Replaces the seals of credentials of old revisions. No revision."""

    def trial(self) -> AbstractAsyncContextManager["Trial"]:
        """A store that writes nothing in the end: for dry runs."""


class Trial(Store, Protocol):
    """What was written through it is seen through it, and is gone with the block. From its first
    write on it keeps other writers waiting, as a write does."""

    async def outcome(self) -> Tried:
        """What was written so far; asked for once, after which nothing is written any more."""


class Templates(Protocol):
    """Fills the templates of prompts of our own, where they can be stopped."""

    async def look(self, texts: tuple[str, ...]) -> tuple[InTemplate, ...]:
        """What each template has: its problem, the names that it uses. Raises Unavailable,
        TemplateFailed."""

    async def check(self, messages: bytes, arguments: Sequence[Argument]) -> list[str]:
        """What is wrong with a prompt as an operator wrote it, each with its place. Raises
        Unavailable, TemplateFailed."""

    async def prompt(self, messages: bytes, values: Mapping[str, str]) -> bytes:
        """Messages with their templates filled. Raises Unavailable, TemplateFailed."""


@dataclass(frozen=True, slots=True)
class Ports:
    """All that the use cases need of the outside."""

    store: Store
    discoverer: Discoverer
    sealer: Sealer  # keys.store_sealer
    clock: Callable[[], datetime]  # aware, UTC
    entropy: Callable[[int], bytes]
    separator: str = "-"  # between an upstream's slug and a tool's name
    timeout_ms: int = 60_000  # of calls to an upstream whose registration says nothing
    templates: Templates | None = None  # None: they are not looked into
    roots: RootPolicy = ANY_ROOT
    definition_policy: DefinitionPolicy = "accept"  # of upstreams whose registration says nothing
    reacher: Reacher | None = None  # None: nobody tests connections
    default_roles: DefaultRoles = USUAL_ROLES
    teams: TeamRules = team_rules.USUAL
    tokens: TokenRules = token_rules.USUAL
    processes: Processes | None = None  # None: there is no runner
    upstream_tokens: TokenPorts | None = None  # None: upstreams are called with credentials alone
    apis: ApiReader | None = None  # None: nobody reads OpenAPI documents


class Change(NamedTuple):
    """What a use case answers when it wrote: the noun's id and the revision that holds it.

    `renamed` maps an upstream's own names to the offered ones that differ from the usual
    because that was taken. `revision` None: nothing had to be written. `note` is worth telling
    the caller.
    """

    id: str
    revision: int | None
    renamed: Mapping[str, str] = {}
    note: str = ""
