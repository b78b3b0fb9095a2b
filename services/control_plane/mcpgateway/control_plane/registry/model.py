"""The registry's resources as it keeps them: frozen values, one struct for one table.

Fields are the columns. What the data planes get of them is decided in `routes`. JSON that an
upstream sent (`definition`, `capabilities`) is text, kept exactly as it came; `overrides` is text
too, and joined to it by `common.routing.overrides`. Without `upstream_id` a thing is our own.
"""

from datetime import datetime
from typing import Any, Literal, NamedTuple

import msgspec

from mcpgateway.common import runners
from mcpgateway.common.policy import visibility
from mcpgateway.common.policy.access.decide import NO_CALL, Circumstances, Decision, decide
from mcpgateway.common.policy.access.policy import NO_POLICY, Policy, rights
from mcpgateway.common.policy.access.rules import NOTHING, Object
from mcpgateway.common.policy.access.scope import Scope
from mcpgateway.common.policy.access.subject import Subject
from mcpgateway.common.routing.model import Access, Principal, Visibility
from mcpgateway.control_plane.registry.upstream_auth.oauth_config import OAuthConfig

Era = Literal["modern", "legacy"]
Transport = Literal["STREAMABLEHTTP", "SSE", "OPENAPI", "GRPC", "STDIO", "TUNNEL"]
BEYOND_MCP: tuple[Transport, ...] = ("OPENAPI", "GRPC", "STDIO", "TUNNEL")
Discovery = Literal["full", "search"]  # what clients of a server are shown of its tools
Naming = Literal["prefixed", "original"]
Validation = Literal["none", "input", "output", "both"]  # which side is checked by its JSON Schema
DefinitionPolicy = Literal["accept", "flag", "hold", "withdraw"]  # of what an upstream rewords


class Who(msgspec.Struct, frozen=True):
    """Who made a change, from where, by which door and with which token (its `jti`)."""

    by: str
    from_ip: str | None = None
    via: str = "api"
    user_agent: str | None = None
    token: str | None = None


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What every row of a registry table has. `revision` is the registry's revision that last
    changed what data planes see of it; the store stamps it."""

    id: str
    revision: int = 0


class Entity(Kept, frozen=True, kw_only=True):
    """What every resource has. `version` counts edits (ETag)."""

    version: int = 1
    enabled: bool = True
    visibility: Visibility = "public"
    team_id: str | None = None
    owner_email: str | None = None
    tags: tuple[str, ...] = ()
    created_at: datetime
    updated_at: datetime
    created: Who
    modified: Who | None = None

    @property
    def access(self) -> Access:
        return Access(self.visibility, self.team_id or "", self.owner_email or "")


class Auth(msgspec.Struct, frozen=True):
    """What may be shown of an upstream's credentials; the secret itself is a credential row."""

    type: Literal["basic", "bearer", "authheaders", "query_param", "oauth", "vault"]
    username: str | None = None
    headers: tuple[str, ...] = ()  # of `vault`: the one that a user's token is sent in
    query_param: str | None = None
    oauth: OAuthConfig | None = None

    @property
    def stored(self) -> bool:
        """Whether the credential is one for the routing table."""
        return self.type not in ("oauth", "vault")


class Upstream(Entity, frozen=True, kw_only=True):
    """A registered MCP server, or an API or a command that the gateway makes one of (`transport`).
    The credential of its header lines, if any, has the same id; that of its client certificate's
    key has `key_id`. Certificates are PEM.

    `transport_options` is what its transport needs beside the URL, as its module in
    `registry/transports` reads it. `document` is the SHA-256, in hex, of what its tools were made
    of (`ports.Documents`): an OpenAPI document, or a FileDescriptorSet; "" for MCP.
    """

    name: str
    slug: str
    url: str
    description: str | None = None
    auth: Auth | None = None
    ca_certificate: str | None = None
    client_cert: str | None = None
    passthrough_headers: tuple[str, ...] = ()
    timeout_ms: int = 60_000
    refresh_interval_seconds: int | None = None
    transport: Transport
    era: Era
    protocol_version: str
    capabilities: str = "{}"
    instructions: str = ""
    server_name: str = ""
    server_version: str = ""
    adds_result_type: bool = True
    definition_policy: DefinitionPolicy = "accept"
    identity_propagation: dict[str, Any] | None = None
    transport_options: dict[str, Any] = {}
    document: str = ""


def key_id(upstream_id: str) -> str:
    return f"{upstream_id}:key"


def environment_id(upstream_id: str) -> str:
    """Of the credential that holds the environment of a stdio server's process, which goes to its
    runner alone."""
    return f"{upstream_id}:env"


def ticket_id(upstream_id: str) -> str:
    """Of the credential by which data planes have a runner serve it. It is in no table: it is made
    for each delta."""
    return runners.ticket_id(upstream_id)


def oauth_id(upstream_id: str) -> str:
    """Of the credential that holds the secrets of its OAuth client, which stays in the control
    plane."""
    return f"{upstream_id}:oauth"


class Tool(Entity, frozen=True, kw_only=True):
    """`request` of one of our own, or of an OPENAPI upstream, is a
    `common.routing.rest_request.RestRequest`; `request_overrides` are members of it that the
    gateway puts over that of an upstream. The credential of one of our own, if any, has the
    same id. `recipe` is a `common.routing.recipe.Recipe`.

    `pending` is a definition that the upstream has now and that clients do not get; `drift` says
    what differs from the one that was approved last, and what became of it
    (`registry.definitions.Drift`).
    """

    upstream_id: str | None = None
    name: str
    original_name: str
    definition: str
    overrides: str = "{}"
    custom_name: str | None = None
    read_only: bool = False
    idempotent: bool = False
    request: dict[str, Any] | None = None
    request_overrides: dict[str, Any] = {}
    recipe: dict[str, Any] | None = None
    auth: Auth | None = None
    jsonpath_filter: str = ""
    timeout_ms: int | None = None
    max_concurrency: int | None = None
    validation: Validation = "none"
    deprecated: bool = False
    extension_metadata: dict[str, Any] | None = None
    plugin_chain_pre: tuple[str, ...] = ()
    plugin_chain_post: tuple[str, ...] = ()
    pending: str | None = None
    drift: dict[str, Any] | None = None


class Prompt(Entity, frozen=True, kw_only=True):
    """`messages` of one of our own is a JSON array of MCP prompt messages, with Jinja2 templates in
    their texts."""

    upstream_id: str | None = None
    name: str
    original_name: str
    definition: str
    overrides: str = "{}"
    custom_name: str | None = None
    messages: str | None = None


class Resource(Entity, frozen=True, kw_only=True):
    """A resource, or with `template` a URI template (RFC 6570). `content` of one of our own is JSON
    `{"text"}` or `{"blob"}`. `ttl_ms`: how long clients may keep what they read."""

    upstream_id: str | None = None
    uri: str
    template: bool = False
    definition: str
    overrides: str = "{}"
    content: str | None = None
    ttl_ms: int = 0
    extension_metadata: dict[str, Any] | None = None


class Root(Entity, frozen=True, kw_only=True):
    """A root that the gateway itself has (MCP roots)."""

    uri: str
    name: str


class Agent(Entity, frozen=True, kw_only=True):
    """An A2A agent. Its credential, if any, has the same id."""

    name: str
    slug: str
    description: str | None = None
    endpoint_url: str
    agent_type: str = "generic"
    protocol_version: str = "1.0"
    agent_version: str = "1.0.0"
    capabilities: dict[str, Any] = {}
    config: dict[str, Any] = {}
    passthrough_headers: tuple[str, ...] = ()
    auth: Auth | None = None


class Server(Entity, frozen=True, kw_only=True):
    """A virtual server. The tuples hold ids, in the order given, but for `protocol_versions`: the
    MCP revisions that it offers; none named, all."""

    name: str
    description: str | None = None
    icon: str | None = None
    tools: tuple[str, ...] = ()
    prompts: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    naming: Naming = "prefixed"
    discovery: Discovery = "full"
    anonymous_access: bool = False
    protocol_versions: tuple[str, ...] = ()
    oauth_enabled: bool = False
    oauth_config: dict[str, Any] | None = None


class SigningKey(msgspec.Struct, frozen=True, kw_only=True):
    """As in the routing table; `material` is store-sealed when `sealed`."""

    id: str
    revision: int = 0
    algorithm: str
    material: bytes
    sealed: bool
    issuer: str = ""
    audience: str = ""
    require_jti: bool = True
    require_exp: bool = True
    environment: str = ""
    subject: str = ""
    subject_claims: tuple[str, ...] = ()
    kid: str = ""


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """Header lines for one upstream, tool or agent (same id), or the private key of an upstream's
    client certificate (`key_id` of it); store-sealed. One of the three ids is given."""

    id: str
    revision: int = 0
    upstream_id: str | None = None
    tool_id: str | None = None
    agent_id: str | None = None
    sealed: bytes


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """What was last seen of an upstream. No route depends on it, so it has no revision.

    `problems` name the listed things that the last discovery left out, and why.
    """

    upstream_id: str
    reachable: bool
    last_seen: datetime | None = None
    last_refresh: datetime | None = None
    last_error: str | None = None
    problems: tuple[str, ...] = ()


class Caller(NamedTuple):
    """Who makes a request, and the `jti` of the token that says so."""

    viewer: "Viewer"
    token: str | None = None


class Viewer(msgspec.Struct, frozen=True):
    """For whom a list is filtered, and what is allowed; with `admin` he sees everything. `subject`
    None: somebody who has no role, and no token that takes something away."""

    email: str
    admin: bool = False
    teams: tuple[str, ...] = ()
    subject: Subject | None = None
    policy: Policy = NO_POLICY
    circumstances: Circumstances = NO_CALL

    def may(self, permission: str, thing: Object = NOTHING) -> bool:
        """With a thing; without, with the gateway as a whole."""
        return self.decide(permission, thing).allowed

    def decide(self, permission: str, thing: Object = NOTHING) -> Decision:
        return decide(self.policy, self.acting, permission, thing, self.circumstances)

    def may_in(self, permission: str, team: str) -> bool:
        """By a role that counts in a team."""
        return self.may(permission, Object("team", team, access=Access("public", team)))

    def may_somewhere(self, permission: str) -> bool:
        """Whether there can be a thing that it is allowed with."""
        held = rights(self.policy, self.acting, acts=frozenset((permission,)))
        allows = any(not rule.denies for rule in held.rules)
        some = held.everywhere or held.teams or held.own or allows
        return permission in held.left and bool(some)

    @property
    def owner(self) -> str:
        """Whose private things are seen: none, where the token leaves what is public alone."""
        return "" if self.scope.teams == () else self.email

    @property
    def scope(self) -> Scope:
        """What the token leaves."""
        return self.acting.scope

    @property
    def acting(self) -> Subject:
        if self.subject is not None:
            return self.subject
        return Subject(Principal(self.email, admin=self.admin, teams=self.teams))


def may_see(viewer: Viewer, entity: Entity) -> bool:
    """The data planes' rule; lists go by the same one in SQL (function `visible`)."""
    who = visibility.Viewer(viewer.admin, frozenset(viewer.teams), viewer.owner)
    return visibility.sees(who, entity.access)
