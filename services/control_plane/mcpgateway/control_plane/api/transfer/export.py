"""The registry as documents, which applied to it change nothing. Secrets are masked. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from mcpgateway.control_plane.api.transfer.documents import API_VERSION
from mcpgateway.control_plane.api.transfer.kinds import Shown
from mcpgateway.control_plane.registry import recipes
from mcpgateway.control_plane.registry.model import BEYOND_MCP, Entity
from mcpgateway.control_plane.registry.transfer.kinds import HELD
from mcpgateway.control_plane.registry.transfer.model import Kind
from mcpgateway.control_plane.registry.transfer.plan import is_mark
from mcpgateway.control_plane.registry.views import ServerView, ToolView

_AUTH = (
    "authType",
    "authUsername",
    "authPassword",
    "authToken",
    "authHeaders",
)
# Of a gateway's, those that say something of each kind.
_AUTH_OF: Mapping[str, tuple[str, ...]] = {
    "basic": ("authUsername", "authPassword"),
    "bearer": ("authToken",),
    "authheaders": ("authHeaders",),
    "query_param": ("authQueryParamKey", "authQueryParamValue"),
    "oauth": ("oauthConfig",),
    "vault": ("authHeaderKey",),
}
_GATEWAY_AUTH = tuple(name for names in _AUTH_OF.values() for name in names)
_WORDED = ("description", "title", "annotations", "_meta")
_ADDED = (
    "jsonpathFilter",
    "timeoutMs",
    "maxConcurrency",
    "validation",
    "deprecated",
    "extensionMetadata",
    "pluginChainPre",
    "pluginChainPost",
)
# Of what answers show, what a document says.
FIELDS: Mapping[Kind, tuple[str, ...]] = {
    "Root": ("uri",),
    "Gateway": (
        "url",
        "description",
        "transport",
        *(each.lower() for each in BEYOND_MCP),
        "authType",
        *_GATEWAY_AUTH,
        "caCertificate",
        "clientCert",
        "clientKey",
        "passthroughHeaders",
        "timeoutMs",
        "refreshIntervalSeconds",
        "definitionPolicy",
        "identityPropagation",
    ),
    "Tool": (
        "requestType",
        "headers",
        "queryMapping",
        "headerMapping",
        "cookieMapping",
        "bodyMapping",
        "body",
        "bodyArgument",
        "files",
        "queryStyle",
        "accept",
        "pagination",
        "retries",
        "allowlist",
        "exposePassthrough",
        "passthroughHeaders",
        *_WORDED,
        "inputSchema",
        "outputSchema",
        *_ADDED,
        "auth",
    ),
    "Resource": (
        "uri",
        *_WORDED,
        "mimeType",
        "content",
        "blob",
        "ttlMs",
        "extensionMetadata",
    ),
    "Prompt": (*_WORDED, "arguments", "messages"),
    "Agent": (
        "description",
        "endpointUrl",
        "agentType",
        "protocolVersion",
        "agentVersion",
        "capabilities",
        "config",
        "passthroughHeaders",
        *_AUTH,
    ),
    "Server": (
        "id",
        "description",
        "icon",
        "naming",
        "discovery",
        "anonymousAccess",
        "protocolVersions",
        "oauthEnabled",
        "oauthConfig",
    ),
}
# Of things of a gateway, what the gateway's own words are put over, and what is added to them.
OVER: Mapping[Kind, tuple[str, ...]] = {
    "Tool": ("overrides", "requestOverrides", *_ADDED),
    "Resource": ("overrides", "ttlMs", "extensionMetadata"),
    "Prompt": ("overrides",),
}
# Of tools that are made of others.
_OF_DERIVED = ("recipe", "overrides", *_ADDED)
_OF_COMPOSED = ("recipe", *_WORDED, "inputSchema", "outputSchema", *_ADDED)
_UNCHANGED: Mapping[str, object] = {"validation": "none", "deprecated": False, "ttlMs": 0}
_EMPTY: tuple[object, ...] = (None, "", [], {}, ())


def document(kind: Kind, row: Any, shown: Shown, gateways: Mapping[str, Entity]) -> dict[str, Any]:
    """`gateways` by id, for things of a gateway."""
    said = msgspec.json.decode(msgspec.json.encode(shown.show(row)))
    if kind == "Gateway":
        said = _with_its_auth(said)
    metadata = {"name": said["name"], **_access(row)}
    spec = _spec(kind, row, said, gateways)
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}


def _with_its_auth(said: Mapping[str, Any]) -> dict[str, Any]:
    """What is no part of its kind of credentials is no part of its document."""
    said = {**said, "authQueryParamValue": said["authQueryParamValueMasked"]}
    kept = _AUTH_OF.get(said["authType"] or "", ())
    return {k: v for k, v in said.items() if k not in _GATEWAY_AUTH or k in kept}


def is_changed(kind: Kind, row: Any, gateway: Entity | None) -> bool:
    """Whether somebody changed something of a thing of a gateway: what is as its gateway lists it
    needs no document."""
    if gateway is None:
        return True
    same = ("visibility", "team_id", "owner_email")
    if not row.enabled or any(getattr(row, name) != getattr(gateway, name) for name in same):
        return True
    if getattr(row, "custom_name", None) is not None or row.overrides not in ("", "{}"):
        return True
    if getattr(row, "request_overrides", {}):
        return True
    plain = {"validation": "none", "deprecated": False, "ttl_ms": 0}
    added = (
        "jsonpath_filter",
        "timeout_ms",
        "max_concurrency",
        "validation",
        "deprecated",
        "extension_metadata",
        "plugin_chain_pre",
        "plugin_chain_post",
        "ttl_ms",
    )
    values = [getattr(row, name, None) for name in added]
    usual = [plain.get(name) for name in added]
    return any(v not in _EMPTY and v != u for v, u in zip(values, usual, strict=True))


def _access(row: Entity) -> dict[str, Any]:
    told = {
        "tags": [tag for tag in row.tags if not is_mark(tag)],
        "visibility": row.visibility,
        "team": row.team_id,
        "owner": row.owner_email,
    }
    return {name: value for name, value in told.items() if value not in _EMPTY}


def _spec(
    kind: Kind, row: Any, said: Mapping[str, Any], gateways: Mapping[str, Entity]
) -> dict[str, Any]:
    spec: dict[str, Any] = {"enabled": row.enabled}
    upstream_id = getattr(row, "upstream_id", None)
    if upstream_id is not None:
        own = {"uri": row.uri} if kind == "Resource" else {"originalName": row.original_name}
        spec |= {"gateway": getattr(gateways.get(upstream_id), "name", upstream_id), **own}
        fields = OVER[kind]
    elif kind == "Tool" and row.recipe:
        fields = _OF_DERIVED if recipes.base_of(row) else _OF_COMPOSED
        said = {**said, "recipe": recipes.shown(row, row.parts)}
    else:
        fields = FIELDS[kind]
        spec |= _address(row, said) if kind == "Tool" else {}
    for name in fields:
        value = said.get(name)
        if value not in _EMPTY and (upstream_id is None or _UNCHANGED.get(name) != value):
            spec[name] = value
    return spec


def _address(row: ToolView, said: Mapping[str, Any]) -> dict[str, Any]:
    """A tool that was given in parts is told in parts."""
    if said.get("baseUrl"):
        return {name: said[name] for name in ("baseUrl", "pathTemplate") if said.get(name)}
    return {"url": said["url"]}


def held_ids(servers: Sequence[ServerView]) -> dict[str, set[str]]:
    """Of everything that these servers hold, by field."""
    return {field: {id for each in servers for id in getattr(each, field)} for field in HELD}


def with_held(
    document: dict[str, Any], server: ServerView, names: Mapping[str, str]
) -> dict[str, Any]:
    """What it holds by name, in its order. Things that are gone meanwhile are left out."""
    held = {field: [names[id] for id in getattr(server, field) if id in names] for field in HELD}
    spec = document["spec"] | {field: value for field, value in held.items() if value}
    return document | {"spec": spec}


def key_of(row: Any) -> str:
    """By what a server's document names it."""
    return str(getattr(row, "uri", None) or row.name)
