"""What data planes get of the registry's resources: registry values to routing records. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from mcpgateway.common.routing import model as routing
from mcpgateway.common.routing.overrides import effective
from mcpgateway.control_plane.registry import request_overrides
from mcpgateway.control_plane.registry.model import (
    Credential,
    Prompt,
    Resource,
    Root,
    Server,
    SigningKey,
    Tool,
    Transport,
    Upstream,
    key_id,
    ticket_id,
)
from mcpgateway.control_plane.registry.people.model import (
    AccessRule,
    ApiToken,
    Revocation,
    Role,
    User,
)
from mcpgateway.control_plane.registry.runners import NOWHERE, SERVED, Runners, callers
from mcpgateway.control_plane.registry.upstream_auth.compiled import (
    NOBODY_NAMED,
    NOTHING_PASSED,
    Identity,
    Passthrough,
    tokens_of,
)

# Data planes call what a runner serves by MCP over HTTP.
_ROUTED: dict[Transport, routing.Transport] = {"SSE": "SSE", "OPENAPI": "OPENAPI", "GRPC": "GRPC"}


@dataclass(frozen=True, slots=True)
class Routes:
    """The conversion for one cluster. The two flags are its address policy, which data planes
    keep when they connect."""

    cluster: str
    loopback_allowed: bool
    private_allowed: bool
    passthrough: Passthrough = NOTHING_PASSED
    identity: Identity = NOBODY_NAMED
    runners: Runners | None = None

    def upstream(
        self, row: Upstream, passed: Sequence[str] | None = None, descriptors: bytes = b""
    ) -> routing.Upstream:
        """`passed` is the allow-list of all upstreams that was set; None: none was. `descriptors`
        as in the routing table."""
        return routing.Upstream(
            id=row.id,
            name=row.name,
            slug=row.slug,
            url=self._url(row),
            transport=_ROUTED.get(row.transport) or "STREAMABLEHTTP",
            era="modern" if row.transport in ("OPENAPI", "GRPC") else row.era,
            protocol_version=row.protocol_version,
            capabilities=row.capabilities.encode(),
            instructions=row.instructions,
            credential=self._credential(row),
            passthrough_headers=row.passthrough_headers or self.passthrough.everywhere(passed),
            timeout_ms=row.timeout_ms,
            loopback_allowed=self.loopback_allowed or row.transport in SERVED,
            private_allowed=self.private_allowed or row.transport in SERVED,
            adds_result_type=row.adds_result_type,
            ca_certificate=row.ca_certificate or "",
            client_cert=row.client_cert or "",
            client_key=key_id(row.id) if row.client_cert else "",
            passthrough_overwrites=self.passthrough.overwrites,
            tokens=tokens_of(row.auth),
            identity=callers(row) or self.identity.compiled(row.identity_propagation),
            descriptors=descriptors,
            tags=row.tags,
            access=row.access,
            origin=self._origin(row.id, row.revision),
        )

    def tool(self, row: Tool) -> routing.Tool:
        return routing.Tool(
            id=row.id,
            upstream=row.upstream_id or "",
            name=row.name,
            original_name=row.original_name,
            definition=effective(row.definition, row.overrides).encode(),
            read_only=row.read_only,
            idempotent=row.idempotent,
            request=self._request(row),
            recipe=msgspec.json.encode(row.recipe) if row.recipe else b"",
            credential=row.id if row.auth else "",
            timeout_ms=row.timeout_ms or 0,
            max_concurrency=row.max_concurrency or 0,
            result_filter=row.jsonpath_filter,
            validation="" if row.validation == "none" else row.validation,
            tags=row.tags,
            access=row.access,
            origin=self._origin(row.id, row.revision),
        )

    def prompt(self, row: Prompt) -> routing.Prompt:
        return routing.Prompt(
            id=row.id,
            upstream=row.upstream_id or "",
            name=row.name,
            original_name=row.original_name,
            definition=effective(row.definition, row.overrides).encode(),
            messages=(row.messages or "").encode(),
            tags=row.tags,
            access=row.access,
            origin=self._origin(row.id, row.revision),
        )

    def resource(self, row: Resource) -> routing.Resource:
        return routing.Resource(
            id=row.id,
            upstream=row.upstream_id or "",
            uri=row.uri,
            template=row.template,
            definition=effective(row.definition, row.overrides).encode(),
            content=(row.content or "").encode(),
            ttl_ms=row.ttl_ms,
            tags=row.tags,
            access=row.access,
            origin=self._origin(row.id, row.revision),
        )

    def root(self, row: Root) -> routing.Root:
        return routing.Root(
            id=row.id,
            uri=row.uri,
            name=row.name,
            access=row.access,
            origin=self._origin(row.id, row.revision),
        )

    def server(self, row: Server) -> routing.Server:
        """`row` names only things that are offered."""
        return routing.Server(
            id=row.id,
            name=row.name,
            description=row.description or "",
            tools=row.tools,
            prompts=row.prompts,
            resources=row.resources,
            naming=row.naming,
            discovery=row.discovery,
            anonymous_access=row.anonymous_access,
            protocol_versions=row.protocol_versions,
            authorization_servers=_of_oauth(row, "authorization_servers", "authorization_server"),
            oauth_scopes=_of_oauth(row, "scopes_supported", "scopes"),
            tags=row.tags,
            access=row.access,
            origin=self._origin(row.id, row.revision),
        )

    def principal(self, row: User) -> routing.Principal:
        return routing.Principal(
            id=row.email,
            active=row.active,
            admin=row.admin,
            teams=row.teams,
            grants=msgspec.json.encode(row.grants),
            attributes=msgspec.json.encode(row.attributes),
            service=row.service,
            not_before=row.not_before,
            origin=self._origin(row.email, row.revision),
        )

    def credential(self, row: Credential) -> routing.Credential:
        return routing.Credential(
            id=row.id, sealed=row.sealed, origin=self._origin(row.id, row.revision)
        )

    def ticket(self, row: Upstream, environment: bytes | None) -> routing.Credential | None:
        """By which a runner serves an upstream; None while there is no runner."""
        if self.runners is None:
            return None
        return self.runners.credential(row, environment, self._origin(row.id, row.revision))

    def signing_key(self, row: SigningKey) -> routing.SigningKey:
        return routing.SigningKey(
            id=row.id,
            algorithm=row.algorithm,
            material=row.material,
            sealed=row.sealed,
            issuer=row.issuer,
            audience=row.audience,
            require_jti=row.require_jti,
            require_exp=row.require_exp,
            environment=row.environment,
            subject=row.subject,
            subject_claims=row.subject_claims,
            kid=row.kid,
            origin=self._origin(row.id, row.revision),
        )

    def role(self, row: Role) -> routing.Role:
        return routing.Role(
            id=row.id,
            name=row.name,
            permissions=row.permissions,
            inherits=row.inherits_from or "",
            origin=self._origin(row.id, row.revision),
        )

    def rule(self, row: AccessRule) -> routing.Rule:
        return routing.Rule(
            id=row.id,
            name=row.name,
            effect=row.effect,
            spec=msgspec.json.encode(row.spec),
            origin=self._origin(row.id, row.revision),
        )

    def api_token(self, row: ApiToken) -> routing.ApiToken:
        scope = {
            "teams": (row.team_id,) if row.team_id else (),
            "server": row.server_id or "",
            "permissions": row.permissions,
            "networks": row.ip_restrictions,
            "times": row.time_restrictions,
            "limits": row.usage_limits,
        }
        return routing.ApiToken(
            id=row.id,
            sha256=row.sha256,
            principal=row.email,
            scope=msgspec.json.encode({name: value for name, value in scope.items() if value}),
            expires=_seconds(row.expires_at),
            origin=self._origin(row.id, row.revision),
        )

    def revocation(self, row: Revocation) -> routing.Revocation:
        return routing.Revocation(
            id=row.id,
            expires=_seconds(row.expires_at),
            origin=self._origin(row.id, row.revision),
        )

    def _url(self, row: Upstream) -> str:
        """Where runners are is our own setting, which no address policy is for."""
        if row.transport not in SERVED:
            return row.url
        return self.runners.url(row.transport, row.id) if self.runners else NOWHERE

    def _credential(self, row: Upstream) -> str:
        if row.transport in SERVED:
            return ticket_id(row.id)
        return row.id if row.auth and row.auth.stored else ""

    def _request(self, row: Tool) -> bytes:
        """With the address policy, which is the cluster's and not the tool's."""
        request = request_overrides.effective(row)
        if request is None:
            return b""
        policy = {
            "loopback_allowed": self.loopback_allowed,
            "private_allowed": self.private_allowed,
        }
        return msgspec.json.encode(request | policy)

    def _origin(self, id: str, revision: int) -> routing.Origin:
        return routing.Origin(self.cluster, id, revision)


def _seconds(at: datetime | None) -> float:
    return 0.0 if at is None else at.timestamp()


def _of_oauth(row: Server, many: str, either: str) -> tuple[str, ...]:
    """What a server's `oauth_config` says under one of two names: a list, or words."""
    config = row.oauth_config or {}
    said = config.get(many) or config.get(either) if row.oauth_enabled else None
    found = said.split() if isinstance(said, str) else said if isinstance(said, list) else []
    return tuple(each for each in found if isinstance(each, str) and each)
