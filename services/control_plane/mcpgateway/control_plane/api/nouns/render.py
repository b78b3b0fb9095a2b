"""What answers show, member by member, in camelCase as ContextForge's clients read it. Pure.

Members that have no meaning here are null, so that a client finds every one.
"""

from typing import Any

import msgspec

from mcpgateway.control_plane.api.nouns.shared_input import MASK
from mcpgateway.control_plane.registry.model import Auth, Entity
from mcpgateway.control_plane.registry.views import (
    PromptView,
    ResourceView,
    ServerView,
    ToolView,
    UpstreamView,
)

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
        **_auth(row.auth),
        "slug": row.slug,
        "refreshIntervalSeconds": row.refresh_interval_seconds,
        "lastRefreshAt": row.last_refresh,
        "gatewayMode": "cache",
        "identityPropagation": None,
        "toolCount": row.tool_count,
        "promptCount": row.prompt_count,
        "resourceCount": row.resource_count,
        "skippedTools": list(row.problems),
        "timeoutMs": row.timeout_ms,
        "protocolVersion": row.protocol_version,
        "serverName": row.server_name,
        "serverVersion": row.server_version,
        **common(row),
    }


def _auth(auth: Auth | None) -> Json:
    """Secrets are masked, never shown."""
    kind = auth.type if auth else None
    names = auth.headers if auth else ()
    return {
        "authType": kind,
        "authValue": MASK if auth else None,
        "authHeaders": [{"key": name, "value": MASK} for name in names] or None,
        "authHeadersUnmasked": None,
        "oauthConfig": None,
        "authQueryParamKey": None,
        "authQueryParamValueMasked": None,
        "authUsername": auth.username if auth else None,
        "authPassword": MASK if kind == "basic" else None,
        "authToken": MASK if kind == "bearer" else None,
        "authHeaderKey": names[0] if names else None,
        "authHeaderValue": MASK if names else None,
        "authPasswordUnmasked": None,
        "authTokenUnmasked": None,
        "authHeaderValueUnmasked": None,
    }


def tool(row: ToolView) -> Json:
    said = definition(row.definition)
    return {
        "id": row.id,
        "originalName": row.original_name,
        "url": row.upstream_url,
        "description": said.get("description"),
        "originalDescription": said.get("description"),
        "title": said.get("title"),
        "requestType": row.upstream_transport,
        "integrationType": "MCP",
        "headers": None,
        "inputSchema": said.get("inputSchema", {"type": "object"}),
        "outputSchema": said.get("outputSchema"),
        "annotations": said.get("annotations") or {},
        "extensionMetadata": None,
        "jsonpathFilter": None,
        "auth": None,
        "enabled": row.enabled and row.upstream_enabled,
        "deprecated": False,
        "reachable": row.reachable,
        "gatewayId": row.upstream_id,
        "grpcServiceId": None,
        "executionCount": None,
        "metrics": None,
        "name": row.name,
        "displayName": said.get("title") or display_name(row.original_name),
        "gatewaySlug": row.upstream_slug,
        "customName": row.original_name,
        "customNameSlug": _custom_slug(row),
        "baseUrl": None,
        "pathTemplate": None,
        "queryMapping": None,
        "headerMapping": None,
        "timeoutMs": None,
        "exposePassthrough": True,
        "allowlist": None,
        "pluginChainPre": None,
        "pluginChainPost": None,
        "_meta": said.get("_meta"),
        **common(row),
    }


def prompt(row: PromptView) -> Json:
    said = definition(row.definition)
    return {
        "id": row.id,
        "name": row.name,
        "originalName": row.original_name,
        "customName": row.original_name,
        "customNameSlug": _custom_slug(row),
        "displayName": said.get("title") or display_name(row.original_name),
        "gatewayId": row.upstream_id,
        "gatewaySlug": row.upstream_slug,
        "description": said.get("description"),
        "template": "",
        "arguments": said.get("arguments") or [],
        "enabled": row.enabled and row.upstream_enabled,
        "metrics": None,
        "title": said.get("title"),
        "_meta": said.get("_meta"),
        **common(row),
    }


def resource(row: ResourceView) -> Json:
    said = definition(row.definition)
    return {
        "id": row.id,
        "uri": row.uri,
        "name": said.get("name") or row.uri,
        "description": said.get("description"),
        "mimeType": said.get("mimeType"),
        "gatewayId": row.upstream_id,
        "uriTemplate": row.uri if row.template else None,
        "size": said.get("size"),
        "enabled": row.enabled and row.upstream_enabled,
        "metrics": None,
        "extensionMetadata": None,
        "title": said.get("title"),
        "annotations": said.get("annotations"),
        "_meta": said.get("_meta"),
        **common(row),
    }


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
        "associatedA2aAgents": [],
        "metrics": None,
        "naming": row.naming,
        "anonymousAccess": row.anonymous_access,
        "protocolVersions": row.protocol_versions,
        "oauthEnabled": row.oauth_enabled,
        "oauthConfig": row.oauth_config,
        **common(row),
    }


def _custom_slug(row: ToolView | PromptView) -> str:
    return row.name.removeprefix(row.upstream_slug or "").lstrip("-_.")


def definition(text: str) -> Json:
    """The upstream's own words; empty when they are no object."""
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError:
        return {}


def display_name(original: str) -> str:
    """`add_numbers` -> `Add Numbers`."""
    words = original.replace("_", " ").replace("-", " ").replace(".", " ").split()
    return " ".join(word[:1].upper() + word[1:] for word in words)
