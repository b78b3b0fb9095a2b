"""What answers show of tools, prompts and resources, member by member. Pure.

A description is the one that clients see; what an upstream said instead is `original...`, and what
was put over its words is `overrides`.
"""

import msgspec

from mcpgateway.common.content.resource_content import Content
from mcpgateway.common.routing.rest_request import Pagination, RestRequest
from mcpgateway.control_plane.api.nouns.recipe_input import TYPE_OF
from mcpgateway.control_plane.api.nouns.render import Json, auth, common
from mcpgateway.control_plane.api.nouns.shared_input import MASK
from mcpgateway.control_plane.registry import recipes, request_overrides, wording
from mcpgateway.control_plane.registry.model import Auth
from mcpgateway.control_plane.registry.prompts import template_of
from mcpgateway.control_plane.registry.views import PromptView, ResourceView, ToolView


def tool(row: ToolView) -> Json:
    said = wording.shown(row.definition, row.overrides)
    return {
        "id": row.id,
        "originalName": row.original_name,
        "description": said.get("description"),
        "originalDescription": wording.read(row.definition).get("description"),
        "title": said.get("title"),
        "inputSchema": said.get("inputSchema", {"type": "object"}),
        "outputSchema": said.get("outputSchema"),
        "annotations": said.get("annotations") or {},
        "extensionMetadata": row.extension_metadata,
        "jsonpathFilter": row.jsonpath_filter,
        "auth": _nested(row.auth),
        "enabled": row.enabled and row.upstream_enabled,
        "deprecated": row.deprecated,
        "reachable": row.reachable,
        "gatewayId": row.upstream_id,
        "grpcServiceId": None,
        "executionCount": None,
        "metrics": None,
        **_names(row, said),
        **_operation(row),
        "recipe": row.recipe,
        "madeOf": [{"id": id, "name": name} for id, name in sorted(row.parts.items())] or None,
        "timeoutMs": row.timeout_ms,
        "maxConcurrency": row.max_concurrency,
        "validation": row.validation,
        "pluginChainPre": list(row.plugin_chain_pre) or None,
        "pluginChainPost": list(row.plugin_chain_post) or None,
        "_meta": said.get("_meta"),
        "overrides": wording.read(row.overrides),
        "requestOverrides": _put_over(row),
        **common(row),
    }


def _operation(row: ToolView) -> Json:
    """How it is called: at its upstream, or by the REST operation that it is."""
    said = request_overrides.effective(row)
    if said is None:
        request = RestRequest(url=row.upstream_url or "")
        method, kind = row.upstream_transport, _made(row) or "MCP"
    else:
        request = msgspec.convert(said, RestRequest)
        method, kind = request.method, "REST"
    return {
        "url": request.url,
        "requestType": method,
        "integrationType": kind,
        "headers": request.headers or None,
        "baseUrl": request.base_url or None,
        "pathTemplate": request.path_template or None,
        "queryMapping": request.query_mapping or None,
        "headerMapping": request.header_mapping or None,
        "cookieMapping": request.cookie_mapping or None,
        "bodyMapping": request.body_mapping or None,
        "body": request.body or None,
        "bodyArgument": request.body_argument or None,
        "files": request.files or None,
        "queryStyle": request.query_style or None,
        "accept": request.accept or None,
        "pagination": _pages(request.pagination),
        "retries": request.retries,
        "exposePassthrough": request.expose_passthrough,
        "passthroughHeaders": list(request.passthrough_headers) or None,
        "allowlist": list(request.allowlist) or None,
    }


def _put_over(row: ToolView) -> Json:
    """Over the request of an API's tool, as it can be sent back: `{}` are no pages."""
    said = row.request_overrides
    if "pagination" not in said:
        return said
    pages = msgspec.convert(said["pagination"], Pagination | None)
    return said | {"pagination": _pages(pages) or {}}


def _made(row: ToolView) -> str:
    """Of a tool that is made of others."""
    recipe = recipes.of(row)
    return "" if recipe is None else TYPE_OF[type(recipe)]


def _pages(found: Pagination | None) -> Json | None:
    if found is None:
        return None
    said = {"items": found.items, "next": found.next, "more": found.more}
    known = {name: text for name, text in said.items() if text}
    parameter = {"parameter": found.parameter} if found.parameter else {}
    return {"style": found.style, **known, **parameter, "maxPages": found.max_pages}


def _nested(found: Auth | None) -> Json | None:
    """Credentials as one object, masked."""
    if found is None:
        return None
    flat = auth(found)
    return {
        "authType": flat["authType"],
        "authValue": MASK,
        "username": flat["authUsername"],
        "password": flat["authPassword"],
        "token": flat["authToken"],
        "authHeaderKey": flat["authHeaderKey"],
        "authHeaderValue": flat["authHeaderValue"],
        "authHeaders": flat["authHeaders"],
    }


def prompt(row: PromptView) -> Json:
    said = wording.shown(row.definition, row.overrides)
    return {
        "id": row.id,
        "originalName": row.original_name,
        **_names(row, said),
        "gatewayId": row.upstream_id,
        "description": said.get("description"),
        "template": template_of(row.messages),
        "messages": msgspec.Raw(row.messages.encode()) if row.messages else None,
        "arguments": said.get("arguments") or [],
        "enabled": row.enabled and row.upstream_enabled,
        "metrics": None,
        "title": said.get("title"),
        "_meta": said.get("_meta"),
        "overrides": wording.read(row.overrides),
        **common(row),
    }


def _names(row: ToolView | PromptView, said: Json) -> Json:
    slug = row.upstream_slug or ""
    return {
        "name": row.name,
        "displayName": said.get("title") or wording.display_name(row.original_name),
        "gatewaySlug": slug,
        "customName": row.custom_name or row.original_name,
        "customNameSlug": row.name.removeprefix(slug).lstrip("-_."),
    }


def resource(row: ResourceView) -> Json:
    said = wording.shown(row.definition, row.overrides)
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
        "extensionMetadata": row.extension_metadata,
        "title": said.get("title"),
        "annotations": said.get("annotations"),
        "_meta": said.get("_meta"),
        **_content(row),
        "ttlMs": row.ttl_ms,
        "overrides": wording.read(row.overrides),
        **common(row),
    }


def _content(row: ResourceView) -> Json:
    """Of one of our own."""
    if row.content is None:
        return {"content": None, "blob": None}
    found = msgspec.json.decode(row.content, type=Content)
    return {"content": found.text or None, "blob": found.blob or None}
