"""The resources of the routing table: small, flat, frozen; children name their parents.

One word per thing: these names are the proto messages' and the SQL tables'. `definition` fields
hold the MCP object as JSON bytes, as the upstream sent it and the operator changed it, but without
`name` (tools, prompts) or `uri`/`uriTemplate` (resources), which are spliced in when a list is
built.

A tool, prompt or resource with `upstream` "" is the gateway's own: it is answered from what is in
its record; a tool, from the REST operation in it, or from other tools by its recipe.
"""

from typing import Literal, NamedTuple

import msgspec

Visibility = Literal["public", "team", "private"]
Kind = Literal[
    "upstream",
    "tool",
    "prompt",
    "resource",
    "root",
    "server",
    "principal",
    "credential",
    "signing_key",
    "role",
    "rule",
    "api_token",
    "revocation",
]
Validation = Literal["", "input", "output", "both"]
Transport = Literal["STREAMABLEHTTP", "SSE", "OPENAPI", "GRPC"]
"""How an upstream is called: MCP over HTTP, by the REST operations of its tools, or by gRPC."""
Tokens = Literal["", "shared", "oauth", "vault", "exchange"]
"""Whose tokens an upstream is called with (`routing.upstream_tokens`): none but its credential; one
for all callers; each caller's own, which he consented to, stored, or gets for his identity."""


class Key(NamedTuple):
    """Names one resource of a table."""

    kind: Kind
    id: str


class Origin(msgspec.Struct, frozen=True, gc=False):
    """Which cluster's registry a resource comes from."""

    cluster: str = ""
    id: str = ""
    revision: int = 0


class Access(msgspec.Struct, frozen=True, gc=False):
    """Who may see a resource: everybody, a team's members, or its owner."""

    visibility: Visibility = "public"
    team: str = ""
    owner: str = ""


PUBLIC = Access()
NO_ORIGIN = Origin()


class Upstream(msgspec.Struct, frozen=True, gc=False):
    """A registered MCP server that we call, or an API whose operations are tools. Discovery found
    `era` and `protocol_version`, which say nothing of an API: its era is "modern".

    `url` of a gRPC service is `grpc://host:port` or, with TLS, `grpcs://host:port`; `descriptors`
    is its `FileDescriptorSet` (google.protobuf), zlib-compressed, empty for all others.
    """

    id: str
    name: str
    slug: str
    url: str
    transport: Transport = "STREAMABLEHTTP"
    era: Literal["modern", "legacy"] = "modern"
    protocol_version: str = ""
    capabilities: bytes = b"{}"
    instructions: str = ""
    credential: str = ""  # id of a Credential, "" for none
    passthrough_headers: tuple[str, ...] = ()
    timeout_ms: int = 60_000
    loopback_allowed: bool = False
    private_allowed: bool = True
    adds_result_type: bool = True  # false: forgets `resultType`, so results must be decoded
    ca_certificate: str = ""  # PEM of the only issuers that are believed, "" for the system's
    client_cert: str = ""  # PEM, shown to a server that asks for one
    client_key: str = ""  # id of the Credential that is its private key, PEM
    passthrough_overwrites: bool = False  # what a client passes wins over a credential's line
    tokens: Tokens = ""
    identity: bytes = b""  # JSON of a `policy.identity.Propagation`; empty: callers are not named
    descriptors: bytes = b""
    tags: tuple[str, ...] = ()
    access: Access = PUBLIC
    origin: Origin = NO_ORIGIN
    kind: Literal["upstream"] = "upstream"


def speaks_mcp(upstream: Upstream) -> bool:
    """Whether calls of its tools go out as MCP."""
    return upstream.transport in ("STREAMABLEHTTP", "SSE")


class Tool(msgspec.Struct, frozen=True, gc=False):
    """A tool, offered as `name`, called at its upstream as `original_name`.

    `request` is JSON of a `rest_request.RestRequest`, for a tool that is a REST operation: one of
    our own, for which `credential` names the header lines to send, or one of an OPENAPI upstream,
    which has them. `recipe` is JSON of a `recipe.Recipe`, for a tool that is made of others.
    `timeout_ms` 0: the upstream's; `max_concurrency` 0: any number; `result_filter` "": the result
    as it is; `validation` "": nothing is checked.
    """

    id: str
    upstream: str
    name: str
    original_name: str
    definition: bytes = b"{}"
    read_only: bool = False
    idempotent: bool = False
    request: bytes = b""
    recipe: bytes = b""
    credential: str = ""
    timeout_ms: int = 0
    max_concurrency: int = 0
    result_filter: str = ""
    validation: Validation = ""
    tags: tuple[str, ...] = ()
    access: Access = PUBLIC
    origin: Origin = NO_ORIGIN
    kind: Literal["tool"] = "tool"


class Prompt(msgspec.Struct, frozen=True, gc=False):
    """A prompt, offered as `name`, asked for at its upstream as `original_name`; or one of our own:
    `messages` is a JSON array of MCP prompt messages whose texts are Jinja2 templates."""

    id: str
    upstream: str
    name: str
    original_name: str
    definition: bytes = b"{}"
    messages: bytes = b""
    tags: tuple[str, ...] = ()
    access: Access = PUBLIC
    origin: Origin = NO_ORIGIN
    kind: Literal["prompt"] = "prompt"


class Resource(msgspec.Struct, frozen=True, gc=False):
    """A resource, or with `template` a URI template (RFC 6570). `content` of one of our own is JSON
    `{"text"}` or `{"blob"}`, as in MCP; the text of a template is a Jinja2 template over its
    variables. `ttl_ms`: how long clients may keep what they read, 0 for nothing said."""

    id: str
    upstream: str
    uri: str
    template: bool = False
    definition: bytes = b"{}"
    content: bytes = b""
    ttl_ms: int = 0
    tags: tuple[str, ...] = ()
    access: Access = PUBLIC
    origin: Origin = NO_ORIGIN
    kind: Literal["resource"] = "resource"


class Root(msgspec.Struct, frozen=True, gc=False):
    """A root that the gateway itself has (MCP `roots/list` asked by plain HTTP)."""

    id: str
    uri: str
    name: str = ""
    access: Access = PUBLIC
    origin: Origin = NO_ORIGIN
    kind: Literal["root"] = "root"


class Server(msgspec.Struct, frozen=True, gc=False):
    """A virtual server: a bundle with its own endpoint. `discovery` "search": clients are shown
    tools to search, describe and call its tools with, in place of these. `protocol_versions`: the
    MCP revisions that it offers; none named, all. `authorization_servers` (issuers) and
    `oauth_scopes`: where clients get tokens for it and what they ask for there; none named, those
    of the gateway itself."""

    id: str
    name: str
    description: str = ""
    tools: tuple[str, ...] = ()
    prompts: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    naming: Literal["prefixed", "original"] = "prefixed"
    discovery: Literal["full", "search"] = "full"
    anonymous_access: bool = False
    protocol_versions: tuple[str, ...] = ()
    authorization_servers: tuple[str, ...] = ()
    oauth_scopes: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    access: Access = PUBLIC
    origin: Origin = NO_ORIGIN
    kind: Literal["server"] = "server"


class Principal(msgspec.Struct, frozen=True, gc=False):
    """Who may call. `id` is the email or service name; tokens from before `not_before` are void.

    `grants` is JSON of the roles that it has (`policy.access.grants`), `attributes` a JSON object
    of what rules may ask about it.
    """

    id: str
    active: bool = True
    admin: bool = False
    teams: tuple[str, ...] = ()
    grants: bytes = b"[]"
    attributes: bytes = b"{}"
    service: bool = False
    not_before: float = 0.0
    origin: Origin = NO_ORIGIN
    kind: Literal["principal"] = "principal"


class Role(msgspec.Struct, frozen=True, gc=False):
    """What whoever has it may do: permissions of its own, and those of the role that it inherits
    from ("" for none)."""

    id: str
    name: str
    permissions: tuple[str, ...] = ()
    inherits: str = ""
    origin: Origin = NO_ORIGIN
    kind: Literal["role"] = "role"


class Rule(msgspec.Struct, frozen=True, gc=False):
    """Allows or denies acts beside what roles say; one that denies wins. `spec` is JSON of a
    `policy.access.rules.Spec`."""

    id: str
    name: str
    effect: Literal["allow", "deny"]
    spec: bytes = b"{}"
    origin: Origin = NO_ORIGIN
    kind: Literal["rule"] = "rule"


class ApiToken(msgspec.Struct, frozen=True, gc=False):
    """A token that a principal made for its programs. `sha256` is that of its secret part, in hex;
    `scope` JSON of a `policy.access.scope.Scope`; `expires` in Unix seconds, 0 for never."""

    id: str
    sha256: str
    principal: str
    scope: bytes = b"{}"
    expires: float = 0.0
    origin: Origin = NO_ORIGIN
    kind: Literal["api_token"] = "api_token"


class Revocation(msgspec.Struct, frozen=True, gc=False):
    """A JWT that counts no more; `id` is its `jti`. After `expires` (Unix seconds, 0 for never) the
    token would not count anyway."""

    id: str
    expires: float = 0.0
    origin: Origin = NO_ORIGIN
    kind: Literal["revocation"] = "revocation"


class Credential(msgspec.Struct, frozen=True, gc=False):
    """What is sent to an upstream, sealed: JSON `[[name, value], ...]` of header lines; or a
    private key, which is not sent, in PEM.

    Store-sealed in the registry, wire-sealed in a table (see `sealing`).
    """

    id: str
    sealed: bytes
    origin: Origin = NO_ORIGIN
    kind: Literal["credential"] = "credential"


class SigningKey(msgspec.Struct, frozen=True, gc=False):
    """A key that verifies callers' tokens. Symmetric ones are raw bytes, sealed as a
    Credential is; public ones are a JWK in JSON. `algorithm` "Basic" holds `user:password`, for
    the principal named in `subject`. `subject_claims` are tried in order for who a token is of;
    none: `sub`, `email`, `username`. `kid`: the id of the key in its issuer's key set."""

    id: str
    algorithm: str
    material: bytes
    sealed: bool = False
    issuer: str = ""
    audience: str = ""
    require_jti: bool = True
    require_exp: bool = True
    environment: str = ""
    subject: str = ""
    subject_claims: tuple[str, ...] = ()
    kid: str = ""
    origin: Origin = NO_ORIGIN
    kind: Literal["signing_key"] = "signing_key"


Record = (
    Upstream
    | Tool
    | Prompt
    | Resource
    | Root
    | Server
    | Principal
    | Credential
    | SigningKey
    | Role
    | Rule
    | ApiToken
    | Revocation
)


class Delta(msgspec.Struct, frozen=True, gc=False):
    """Absolute state of what changed after `base` up to `revision`, of one registry's lineage.

    Rule for a table at `current`: revision <= current: ignore; base <= current: apply;
    base > current: a gap. A snapshot is a delta with base 0 that names everything.
    """

    registry: str
    base: int
    revision: int
    upserts: tuple[Record, ...] = ()
    deletes: tuple[Key, ...] = ()


class Fault(NamedTuple):
    """A resource that could not be used and why; the rest of the table applies without it."""

    kind: str
    id: str
    problem: str
