from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Origin(_message.Message):
    __slots__ = ("cluster", "id", "revision")
    CLUSTER_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    cluster: str
    id: str
    revision: int
    def __init__(self, cluster: _Optional[str] = ..., id: _Optional[str] = ..., revision: _Optional[int] = ...) -> None: ...

class Access(_message.Message):
    __slots__ = ("visibility", "team", "owner")
    VISIBILITY_FIELD_NUMBER: _ClassVar[int]
    TEAM_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    visibility: str
    team: str
    owner: str
    def __init__(self, visibility: _Optional[str] = ..., team: _Optional[str] = ..., owner: _Optional[str] = ...) -> None: ...

class Upstream(_message.Message):
    __slots__ = ("id", "name", "slug", "url", "transport", "era", "protocol_version", "capabilities", "instructions", "credential", "passthrough_headers", "timeout_ms", "loopback_allowed", "private_allowed", "adds_result_type", "access", "origin", "ca_certificate", "client_cert", "client_key", "passthrough_overwrites", "tokens", "identity", "tags", "descriptors")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SLUG_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    TRANSPORT_FIELD_NUMBER: _ClassVar[int]
    ERA_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_VERSION_FIELD_NUMBER: _ClassVar[int]
    CAPABILITIES_FIELD_NUMBER: _ClassVar[int]
    INSTRUCTIONS_FIELD_NUMBER: _ClassVar[int]
    CREDENTIAL_FIELD_NUMBER: _ClassVar[int]
    PASSTHROUGH_HEADERS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_MS_FIELD_NUMBER: _ClassVar[int]
    LOOPBACK_ALLOWED_FIELD_NUMBER: _ClassVar[int]
    PRIVATE_ALLOWED_FIELD_NUMBER: _ClassVar[int]
    ADDS_RESULT_TYPE_FIELD_NUMBER: _ClassVar[int]
    ACCESS_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    CA_CERTIFICATE_FIELD_NUMBER: _ClassVar[int]
    CLIENT_CERT_FIELD_NUMBER: _ClassVar[int]
    CLIENT_KEY_FIELD_NUMBER: _ClassVar[int]
    PASSTHROUGH_OVERWRITES_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTORS_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    slug: str
    url: str
    transport: str
    era: str
    protocol_version: str
    capabilities: bytes
    instructions: str
    credential: str
    passthrough_headers: _containers.RepeatedScalarFieldContainer[str]
    timeout_ms: int
    loopback_allowed: bool
    private_allowed: bool
    adds_result_type: bool
    access: Access
    origin: Origin
    ca_certificate: str
    client_cert: str
    client_key: str
    passthrough_overwrites: bool
    tokens: str
    identity: bytes
    tags: _containers.RepeatedScalarFieldContainer[str]
    descriptors: bytes
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., slug: _Optional[str] = ..., url: _Optional[str] = ..., transport: _Optional[str] = ..., era: _Optional[str] = ..., protocol_version: _Optional[str] = ..., capabilities: _Optional[bytes] = ..., instructions: _Optional[str] = ..., credential: _Optional[str] = ..., passthrough_headers: _Optional[_Iterable[str]] = ..., timeout_ms: _Optional[int] = ..., loopback_allowed: _Optional[bool] = ..., private_allowed: _Optional[bool] = ..., adds_result_type: _Optional[bool] = ..., access: _Optional[_Union[Access, _Mapping]] = ..., origin: _Optional[_Union[Origin, _Mapping]] = ..., ca_certificate: _Optional[str] = ..., client_cert: _Optional[str] = ..., client_key: _Optional[str] = ..., passthrough_overwrites: _Optional[bool] = ..., tokens: _Optional[str] = ..., identity: _Optional[bytes] = ..., tags: _Optional[_Iterable[str]] = ..., descriptors: _Optional[bytes] = ...) -> None: ...

class Tool(_message.Message):
    __slots__ = ("id", "upstream", "name", "original_name", "definition", "read_only", "idempotent", "access", "origin", "request", "credential", "timeout_ms", "max_concurrency", "result_filter", "validation", "tags", "recipe")
    ID_FIELD_NUMBER: _ClassVar[int]
    UPSTREAM_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ORIGINAL_NAME_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_FIELD_NUMBER: _ClassVar[int]
    READ_ONLY_FIELD_NUMBER: _ClassVar[int]
    IDEMPOTENT_FIELD_NUMBER: _ClassVar[int]
    ACCESS_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    CREDENTIAL_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_MS_FIELD_NUMBER: _ClassVar[int]
    MAX_CONCURRENCY_FIELD_NUMBER: _ClassVar[int]
    RESULT_FILTER_FIELD_NUMBER: _ClassVar[int]
    VALIDATION_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    RECIPE_FIELD_NUMBER: _ClassVar[int]
    id: str
    upstream: str
    name: str
    original_name: str
    definition: bytes
    read_only: bool
    idempotent: bool
    access: Access
    origin: Origin
    request: bytes
    credential: str
    timeout_ms: int
    max_concurrency: int
    result_filter: str
    validation: str
    tags: _containers.RepeatedScalarFieldContainer[str]
    recipe: bytes
    def __init__(self, id: _Optional[str] = ..., upstream: _Optional[str] = ..., name: _Optional[str] = ..., original_name: _Optional[str] = ..., definition: _Optional[bytes] = ..., read_only: _Optional[bool] = ..., idempotent: _Optional[bool] = ..., access: _Optional[_Union[Access, _Mapping]] = ..., origin: _Optional[_Union[Origin, _Mapping]] = ..., request: _Optional[bytes] = ..., credential: _Optional[str] = ..., timeout_ms: _Optional[int] = ..., max_concurrency: _Optional[int] = ..., result_filter: _Optional[str] = ..., validation: _Optional[str] = ..., tags: _Optional[_Iterable[str]] = ..., recipe: _Optional[bytes] = ...) -> None: ...

class Prompt(_message.Message):
    __slots__ = ("id", "upstream", "name", "original_name", "definition", "access", "origin", "messages", "tags")
    ID_FIELD_NUMBER: _ClassVar[int]
    UPSTREAM_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ORIGINAL_NAME_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_FIELD_NUMBER: _ClassVar[int]
    ACCESS_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    id: str
    upstream: str
    name: str
    original_name: str
    definition: bytes
    access: Access
    origin: Origin
    messages: bytes
    tags: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, id: _Optional[str] = ..., upstream: _Optional[str] = ..., name: _Optional[str] = ..., original_name: _Optional[str] = ..., definition: _Optional[bytes] = ..., access: _Optional[_Union[Access, _Mapping]] = ..., origin: _Optional[_Union[Origin, _Mapping]] = ..., messages: _Optional[bytes] = ..., tags: _Optional[_Iterable[str]] = ...) -> None: ...

class Resource(_message.Message):
    __slots__ = ("id", "upstream", "uri", "template", "definition", "access", "origin", "content", "ttl_ms", "tags")
    ID_FIELD_NUMBER: _ClassVar[int]
    UPSTREAM_FIELD_NUMBER: _ClassVar[int]
    URI_FIELD_NUMBER: _ClassVar[int]
    TEMPLATE_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_FIELD_NUMBER: _ClassVar[int]
    ACCESS_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    TTL_MS_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    id: str
    upstream: str
    uri: str
    template: bool
    definition: bytes
    access: Access
    origin: Origin
    content: bytes
    ttl_ms: int
    tags: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, id: _Optional[str] = ..., upstream: _Optional[str] = ..., uri: _Optional[str] = ..., template: _Optional[bool] = ..., definition: _Optional[bytes] = ..., access: _Optional[_Union[Access, _Mapping]] = ..., origin: _Optional[_Union[Origin, _Mapping]] = ..., content: _Optional[bytes] = ..., ttl_ms: _Optional[int] = ..., tags: _Optional[_Iterable[str]] = ...) -> None: ...

class Root(_message.Message):
    __slots__ = ("id", "uri", "name", "access", "origin")
    ID_FIELD_NUMBER: _ClassVar[int]
    URI_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ACCESS_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    id: str
    uri: str
    name: str
    access: Access
    origin: Origin
    def __init__(self, id: _Optional[str] = ..., uri: _Optional[str] = ..., name: _Optional[str] = ..., access: _Optional[_Union[Access, _Mapping]] = ..., origin: _Optional[_Union[Origin, _Mapping]] = ...) -> None: ...

class Server(_message.Message):
    __slots__ = ("id", "name", "description", "tools", "prompts", "resources", "naming", "anonymous_access", "access", "origin", "protocol_versions", "authorization_servers", "oauth_scopes", "tags", "discovery")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    TOOLS_FIELD_NUMBER: _ClassVar[int]
    PROMPTS_FIELD_NUMBER: _ClassVar[int]
    RESOURCES_FIELD_NUMBER: _ClassVar[int]
    NAMING_FIELD_NUMBER: _ClassVar[int]
    ANONYMOUS_ACCESS_FIELD_NUMBER: _ClassVar[int]
    ACCESS_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_VERSIONS_FIELD_NUMBER: _ClassVar[int]
    AUTHORIZATION_SERVERS_FIELD_NUMBER: _ClassVar[int]
    OAUTH_SCOPES_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    DISCOVERY_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    description: str
    tools: _containers.RepeatedScalarFieldContainer[str]
    prompts: _containers.RepeatedScalarFieldContainer[str]
    resources: _containers.RepeatedScalarFieldContainer[str]
    naming: str
    anonymous_access: bool
    access: Access
    origin: Origin
    protocol_versions: _containers.RepeatedScalarFieldContainer[str]
    authorization_servers: _containers.RepeatedScalarFieldContainer[str]
    oauth_scopes: _containers.RepeatedScalarFieldContainer[str]
    tags: _containers.RepeatedScalarFieldContainer[str]
    discovery: str
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., description: _Optional[str] = ..., tools: _Optional[_Iterable[str]] = ..., prompts: _Optional[_Iterable[str]] = ..., resources: _Optional[_Iterable[str]] = ..., naming: _Optional[str] = ..., anonymous_access: _Optional[bool] = ..., access: _Optional[_Union[Access, _Mapping]] = ..., origin: _Optional[_Union[Origin, _Mapping]] = ..., protocol_versions: _Optional[_Iterable[str]] = ..., authorization_servers: _Optional[_Iterable[str]] = ..., oauth_scopes: _Optional[_Iterable[str]] = ..., tags: _Optional[_Iterable[str]] = ..., discovery: _Optional[str] = ...) -> None: ...

class Principal(_message.Message):
    __slots__ = ("id", "active", "admin", "teams", "not_before", "origin", "grants", "attributes", "service")
    ID_FIELD_NUMBER: _ClassVar[int]
    ACTIVE_FIELD_NUMBER: _ClassVar[int]
    ADMIN_FIELD_NUMBER: _ClassVar[int]
    TEAMS_FIELD_NUMBER: _ClassVar[int]
    NOT_BEFORE_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    GRANTS_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    id: str
    active: bool
    admin: bool
    teams: _containers.RepeatedScalarFieldContainer[str]
    not_before: float
    origin: Origin
    grants: bytes
    attributes: bytes
    service: bool
    def __init__(self, id: _Optional[str] = ..., active: _Optional[bool] = ..., admin: _Optional[bool] = ..., teams: _Optional[_Iterable[str]] = ..., not_before: _Optional[float] = ..., origin: _Optional[_Union[Origin, _Mapping]] = ..., grants: _Optional[bytes] = ..., attributes: _Optional[bytes] = ..., service: _Optional[bool] = ...) -> None: ...

class Role(_message.Message):
    __slots__ = ("id", "name", "permissions", "inherits", "origin")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PERMISSIONS_FIELD_NUMBER: _ClassVar[int]
    INHERITS_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    permissions: _containers.RepeatedScalarFieldContainer[str]
    inherits: str
    origin: Origin
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., permissions: _Optional[_Iterable[str]] = ..., inherits: _Optional[str] = ..., origin: _Optional[_Union[Origin, _Mapping]] = ...) -> None: ...

class Rule(_message.Message):
    __slots__ = ("id", "name", "effect", "spec", "origin")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    EFFECT_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    effect: str
    spec: bytes
    origin: Origin
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., effect: _Optional[str] = ..., spec: _Optional[bytes] = ..., origin: _Optional[_Union[Origin, _Mapping]] = ...) -> None: ...

class ApiToken(_message.Message):
    __slots__ = ("id", "sha256", "principal", "scope", "expires", "origin")
    ID_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    id: str
    sha256: str
    principal: str
    scope: bytes
    expires: float
    origin: Origin
    def __init__(self, id: _Optional[str] = ..., sha256: _Optional[str] = ..., principal: _Optional[str] = ..., scope: _Optional[bytes] = ..., expires: _Optional[float] = ..., origin: _Optional[_Union[Origin, _Mapping]] = ...) -> None: ...

class Revocation(_message.Message):
    __slots__ = ("id", "expires", "origin")
    ID_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    id: str
    expires: float
    origin: Origin
    def __init__(self, id: _Optional[str] = ..., expires: _Optional[float] = ..., origin: _Optional[_Union[Origin, _Mapping]] = ...) -> None: ...

class Credential(_message.Message):
    __slots__ = ("id", "sealed", "origin")
    ID_FIELD_NUMBER: _ClassVar[int]
    SEALED_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    id: str
    sealed: bytes
    origin: Origin
    def __init__(self, id: _Optional[str] = ..., sealed: _Optional[bytes] = ..., origin: _Optional[_Union[Origin, _Mapping]] = ...) -> None: ...

class SigningKey(_message.Message):
    __slots__ = ("id", "algorithm", "material", "sealed", "issuer", "audience", "require_jti", "require_exp", "environment", "subject", "origin", "subject_claims", "kid")
    ID_FIELD_NUMBER: _ClassVar[int]
    ALGORITHM_FIELD_NUMBER: _ClassVar[int]
    MATERIAL_FIELD_NUMBER: _ClassVar[int]
    SEALED_FIELD_NUMBER: _ClassVar[int]
    ISSUER_FIELD_NUMBER: _ClassVar[int]
    AUDIENCE_FIELD_NUMBER: _ClassVar[int]
    REQUIRE_JTI_FIELD_NUMBER: _ClassVar[int]
    REQUIRE_EXP_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_CLAIMS_FIELD_NUMBER: _ClassVar[int]
    KID_FIELD_NUMBER: _ClassVar[int]
    id: str
    algorithm: str
    material: bytes
    sealed: bool
    issuer: str
    audience: str
    require_jti: bool
    require_exp: bool
    environment: str
    subject: str
    origin: Origin
    subject_claims: _containers.RepeatedScalarFieldContainer[str]
    kid: str
    def __init__(self, id: _Optional[str] = ..., algorithm: _Optional[str] = ..., material: _Optional[bytes] = ..., sealed: _Optional[bool] = ..., issuer: _Optional[str] = ..., audience: _Optional[str] = ..., require_jti: _Optional[bool] = ..., require_exp: _Optional[bool] = ..., environment: _Optional[str] = ..., subject: _Optional[str] = ..., origin: _Optional[_Union[Origin, _Mapping]] = ..., subject_claims: _Optional[_Iterable[str]] = ..., kid: _Optional[str] = ...) -> None: ...

class Record(_message.Message):
    __slots__ = ("upstream", "tool", "prompt", "resource", "server", "principal", "credential", "signing_key", "root", "role", "rule", "api_token", "revocation")
    UPSTREAM_FIELD_NUMBER: _ClassVar[int]
    TOOL_FIELD_NUMBER: _ClassVar[int]
    PROMPT_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_FIELD_NUMBER: _ClassVar[int]
    SERVER_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    CREDENTIAL_FIELD_NUMBER: _ClassVar[int]
    SIGNING_KEY_FIELD_NUMBER: _ClassVar[int]
    ROOT_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    API_TOKEN_FIELD_NUMBER: _ClassVar[int]
    REVOCATION_FIELD_NUMBER: _ClassVar[int]
    upstream: Upstream
    tool: Tool
    prompt: Prompt
    resource: Resource
    server: Server
    principal: Principal
    credential: Credential
    signing_key: SigningKey
    root: Root
    role: Role
    rule: Rule
    api_token: ApiToken
    revocation: Revocation
    def __init__(self, upstream: _Optional[_Union[Upstream, _Mapping]] = ..., tool: _Optional[_Union[Tool, _Mapping]] = ..., prompt: _Optional[_Union[Prompt, _Mapping]] = ..., resource: _Optional[_Union[Resource, _Mapping]] = ..., server: _Optional[_Union[Server, _Mapping]] = ..., principal: _Optional[_Union[Principal, _Mapping]] = ..., credential: _Optional[_Union[Credential, _Mapping]] = ..., signing_key: _Optional[_Union[SigningKey, _Mapping]] = ..., root: _Optional[_Union[Root, _Mapping]] = ..., role: _Optional[_Union[Role, _Mapping]] = ..., rule: _Optional[_Union[Rule, _Mapping]] = ..., api_token: _Optional[_Union[ApiToken, _Mapping]] = ..., revocation: _Optional[_Union[Revocation, _Mapping]] = ...) -> None: ...

class Key(_message.Message):
    __slots__ = ("kind", "id")
    KIND_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    kind: str
    id: str
    def __init__(self, kind: _Optional[str] = ..., id: _Optional[str] = ...) -> None: ...

class RoutingDelta(_message.Message):
    __slots__ = ("registry", "base", "revision", "upserts", "deletes")
    REGISTRY_FIELD_NUMBER: _ClassVar[int]
    BASE_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    UPSERTS_FIELD_NUMBER: _ClassVar[int]
    DELETES_FIELD_NUMBER: _ClassVar[int]
    registry: str
    base: int
    revision: int
    upserts: _containers.RepeatedCompositeFieldContainer[Record]
    deletes: _containers.RepeatedCompositeFieldContainer[Key]
    def __init__(self, registry: _Optional[str] = ..., base: _Optional[int] = ..., revision: _Optional[int] = ..., upserts: _Optional[_Iterable[_Union[Record, _Mapping]]] = ..., deletes: _Optional[_Iterable[_Union[Key, _Mapping]]] = ...) -> None: ...

class BlobManifest(_message.Message):
    __slots__ = ("registry", "base", "revision", "blob", "chunks", "bytes", "sha256")
    REGISTRY_FIELD_NUMBER: _ClassVar[int]
    BASE_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    BLOB_FIELD_NUMBER: _ClassVar[int]
    CHUNKS_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    registry: str
    base: int
    revision: int
    blob: str
    chunks: int
    bytes: int
    sha256: bytes
    def __init__(self, registry: _Optional[str] = ..., base: _Optional[int] = ..., revision: _Optional[int] = ..., blob: _Optional[str] = ..., chunks: _Optional[int] = ..., bytes: _Optional[int] = ..., sha256: _Optional[bytes] = ...) -> None: ...

class SignedRouting(_message.Message):
    __slots__ = ("delta", "manifest", "signature")
    DELTA_FIELD_NUMBER: _ClassVar[int]
    MANIFEST_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    delta: bytes
    manifest: bytes
    signature: bytes
    def __init__(self, delta: _Optional[bytes] = ..., manifest: _Optional[bytes] = ..., signature: _Optional[bytes] = ...) -> None: ...

class Fault(_message.Message):
    __slots__ = ("kind", "id", "problem")
    KIND_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    kind: str
    id: str
    problem: str
    def __init__(self, kind: _Optional[str] = ..., id: _Optional[str] = ..., problem: _Optional[str] = ...) -> None: ...

class Receipt(_message.Message):
    __slots__ = ("replica", "registry", "revision", "applied_at", "faults", "address", "started_at", "version", "draining", "source")
    REPLICA_FIELD_NUMBER: _ClassVar[int]
    REGISTRY_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    APPLIED_AT_FIELD_NUMBER: _ClassVar[int]
    FAULTS_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    DRAINING_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    replica: str
    registry: str
    revision: int
    applied_at: float
    faults: _containers.RepeatedCompositeFieldContainer[Fault]
    address: str
    started_at: float
    version: str
    draining: bool
    source: str
    def __init__(self, replica: _Optional[str] = ..., registry: _Optional[str] = ..., revision: _Optional[int] = ..., applied_at: _Optional[float] = ..., faults: _Optional[_Iterable[_Union[Fault, _Mapping]]] = ..., address: _Optional[str] = ..., started_at: _Optional[float] = ..., version: _Optional[str] = ..., draining: _Optional[bool] = ..., source: _Optional[str] = ...) -> None: ...
