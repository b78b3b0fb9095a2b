"""What answers show, member by member, in camelCase as ContextForge's clients read it. Pure.

Members that have no meaning here are null, so that a client finds every one.
"""

from typing import Any

import msgspec

from mcpgateway.control_plane.api.nouns.shared_input import MASK
from mcpgateway.control_plane.registry.model import BEYOND_MCP, Auth, Entity, Upstream
from mcpgateway.control_plane.registry.upstream_auth.oauth_config import OAuthConfig
from mcpgateway.control_plane.registry.views import ServerView, UpstreamView

Json = dict[str, Any]


def common(row: Entity) -> Json:
    made, changed = row.created, row.modified
    return {
        "tags": [{"id": tag, "label": tag} for tag in row.tags],
        "createdAt": row.created_at,
        "updatedAt": row.updated_at,
        "createdBy": made.by,
        "createdFromIp": made.from_ip,
        "createdVia": made.via,
        "createdUserAgent": made.user_agent,
        "modifiedBy": changed.by if changed else None,
        "modifiedFromIp": changed.from_ip if changed else None,
        "modifiedVia": changed.via if changed else None,
        "modifiedUserAgent": changed.user_agent if changed else None,
        "importBatchId": None,
        "federationSource": None,
        "version": row.version,
        "teamId": row.team_id,
        "team": None,
        "ownerEmail": row.owner_email,
        "visibility": row.visibility,
    }


def gateway(row: UpstreamView) -> Json:
    return {
        "id": row.id,
        "name": row.name,
        "url": row.url,
        "description": row.description,
        "transport": row.transport,
        **transport_options(row),
        "capabilities": msgspec.Raw(row.capabilities.encode()),
        "status": "active" if row.enabled else "inactive",
        "statusMessage": None,
        "registrationAttempts": 0,
        "nextRetryAt": None,
        "lastError": row.last_error,
        "lifecycleClaimedBy": None,
        "lifecycleClaimedAt": None,
        "lifecycleClaimExpiresAt": None,
        "enabled": row.enabled,
        "reachable": row.reachable,
        "lastSeen": row.last_seen,
        "passthroughHeaders": list(row.passthrough_headers) or None,
        "caCertificate": row.ca_certificate,
        "caCertificateSig": None,
        "signingAlgorithm": None,
        "clientCert": row.client_cert,
        "clientKey": MASK if row.client_cert else None,
        **auth(row.auth),
        "authHeadersUnmasked": None,
        "authPasswordUnmasked": None,
        "authTokenUnmasked": None,
        "authHeaderValueUnmasked": None,
        "slug": row.slug,
        "refreshIntervalSeconds": row.refresh_interval_seconds,
        "lastRefreshAt": row.last_refresh,
        "gatewayMode": "cache",
        "identityPropagation": row.identity_propagation,
        "toolCount": row.tool_count,
        "promptCount": row.prompt_count,
        "resourceCount": row.resource_count,
        "skippedTools": list(row.problems),
        "timeoutMs": row.timeout_ms,
        "definitionPolicy": row.definition_policy,
        "protocolVersion": row.protocol_version,
        "serverName": row.server_name,
        "serverVersion": row.server_version,
        **common(row),
    }


def transport_options(row: Upstream) -> Json:
    """Under the name by which they are given: `openapi` and the like. Values of variables are a
    credential."""
    said = row.transport_options
    if row.transport == "STDIO":
        said = said | {"env": dict.fromkeys(said.get("env", ()), MASK)}
    return {each.lower(): said if each == row.transport else None for each in BEYOND_MCP}


def auth(found: Auth | None) -> Json:
    """Secrets are masked, never shown."""
    kind = found.type if found else None
    names = found.headers if found else ()
    return {
        "authType": kind,
        "authValue": MASK if found else None,
        "authHeaders": [{"key": name, "value": MASK} for name in names] or None,
        "oauthConfig": _oauth(found.oauth) if found and found.oauth else None,
        "authQueryParamKey": found.query_param if found else None,
        "authQueryParamValueMasked": MASK if kind == "query_param" else None,
        "authUsername": found.username if found else None,
        "authPassword": MASK if kind == "basic" else None,
        "authToken": MASK if kind == "bearer" else None,
        "authHeaderKey": names[0] if names else None,
        "authHeaderValue": MASK if names else None,
    }


def _oauth(config: OAuthConfig) -> Json:
    """In snake_case, as it is given. A secret is shown as a mask, which keeps it where it is sent
    back."""
    shown: Json = msgspec.to_builtins(config)
    shown.pop("secrets", None)
    return shown | dict.fromkeys(config.secrets, MASK)


def server(row: ServerView) -> Json:
    return {
        "id": row.id,
        "name": row.name,
        "description": row.description,
        "icon": row.icon,
        "enabled": row.enabled,
        "associatedTools": list(row.tool_names),
        "associatedToolIds": list(row.tools),
        "associatedResources": list(row.resources),
        "associatedPrompts": list(row.prompts),
        "associatedA2aAgents": list(row.agents),
        "metrics": None,
        "naming": row.naming,
        "discovery": row.discovery,
        "anonymousAccess": row.anonymous_access,
        "protocolVersions": row.protocol_versions,
        "oauthEnabled": row.oauth_enabled,
        "oauthConfig": row.oauth_config,
        **common(row),
    }
