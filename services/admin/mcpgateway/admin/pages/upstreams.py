"""Upstreams: list, detail, register, refresh, switch, delete."""

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.responses import Response

from mcpgateway.admin import shapes
from mcpgateway.admin.client import Written
from mcpgateway.admin.view import Visit, text_of
from mcpgateway.common.errors import (
    CallerError,
    Denied,
    GatewayError,
    Unauthenticated,
    Unavailable,
    UpstreamError,
)

LIST = "/admin/ui/upstreams"
_TRANSPORTS = {
    "STREAMABLEHTTP": "Streamable HTTP",
    "SSE": "HTTP+SSE",
    "OPENAPI": "REST, by its OpenAPI document",
    "GRPC": "gRPC",
    "STDIO": "Local command",
    "TUNNEL": "Tunnel",
}
_KEPT = ("name", "url", "transport", "description", "auth_type", "auth_username", "auth_header_key")
_SECRETS = ("auth_password", "auth_token", "auth_header_value")
_EMPTY = dict.fromkeys(_KEPT, "")


async def index(visit: Visit) -> Response:
    rows = await visit.api.all(shapes.Upstream, "/v1/gateways", visit.token)
    return visit.page("upstreams.html", upstreams=rows)


async def detail(visit: Visit) -> Response:
    id = visit.request.path_params["id"]
    upstream, tools = await asyncio.gather(
        visit.api.one(shapes.Upstream, f"/v1/gateways/{id}", visit.token),
        visit.api.all(shapes.Tool, "/v1/tools", visit.token, {"gateway_id": id}),
    )
    process, unknown = await _process(visit, upstream)
    return visit.page(
        "upstream.html",
        upstream=upstream,
        transport=_TRANSPORTS.get(upstream.transport, upstream.transport),
        tools=tools,
        process=process,
        unknown=unknown,
    )


async def _process(visit: Visit, upstream: shapes.Upstream) -> tuple[shapes.Process | None, str]:
    """Of a local command, or why it is not known. Neither for who may not look at processes."""
    if upstream.transport != "STDIO":
        return None, ""
    path = f"/v1/gateways/{upstream.id}/process"
    try:
        return await visit.api.one(shapes.Process, path, visit.token), ""
    except Denied:
        return None, ""
    except (UpstreamError, Unavailable) as error:
        return None, error.message


async def new(visit: Visit) -> Response:
    return visit.page("upstream_new.html", values=_EMPTY, error=None, problems={})


async def create(visit: Visit) -> Response:
    form = await visit.form()
    values = {name: text_of(form, name) for name in _KEPT}
    body = registration({**values, **{name: text_of(form, name) for name in _SECRETS}})
    try:
        written = await visit.api.write("POST", "/v1/gateways", visit.token, body)
    except Unauthenticated:
        raise
    except GatewayError as error:
        problems = {problem.field: problem.problem for problem in error.errors}
        return visit.page(
            "upstream_new.html", error.status, values=values, error=error, problems=problems
        )
    upstream = msgspec.json.decode(written.body, type=shapes.Upstream)
    counts = f"{upstream.tool_count} tools, {upstream.prompt_count} prompts"
    said = f"{upstream.name} is registered with {counts}, {upstream.resource_count} resources."
    return visit.go(f"{LIST}/{upstream.id}", said + applied(written))


def registration(values: Mapping[str, str]) -> dict[str, Any]:
    """The API's body from the form's fields: what is empty is not sent."""
    body: dict[str, Any] = {name: values[name] for name in ("name", "url")}
    for name in ("transport", "description"):
        if values.get(name):
            body[name] = values[name]
    needed = {
        "basic": ("auth_username", "auth_password"),
        "bearer": ("auth_token",),
        "authheaders": ("auth_header_key", "auth_header_value"),
    }
    kind = values.get("auth_type", "")
    if kind in needed:
        body["auth_type"] = kind
        body |= {name: values.get(name, "") for name in needed[kind]}
    return body


def applied(written: Written) -> str:
    """How far a write has got, for a notice."""
    done, _, live = written.applied.partition("/")
    if not live:
        return ""
    if live == "0":
        return " No replica is running, so nothing serves it yet."
    return f" In force on {done} of {live} replica{'' if live == '1' else 's'}."


async def refresh(visit: Visit) -> Response:
    await visit.form()
    id = visit.request.path_params["id"]
    back = f"{LIST}/{id}"
    try:
        written = await visit.api.write("POST", f"/v1/gateways/{id}/tools/refresh", visit.token)
    except (UpstreamError, CallerError) as error:
        if isinstance(error, Unauthenticated):
            raise
        return visit.go(back, error.message, "warning")
    refreshed = msgspec.json.decode(written.body, type=shapes.Refreshed)
    return visit.go(back, f"Looked at the upstream again: {refreshed.summary()}.")


async def switch(visit: Visit) -> Response:
    form = await visit.form()
    id = visit.request.path_params["id"]
    on = text_of(form, "activate") == "true"
    params = {"activate": "true" if on else "false"}
    path = f"/v1/gateways/{id}/state"
    written = await visit.api.write("POST", path, visit.token, params=params)
    word = "Switched on." if on else "Switched off: its tools are no longer offered."
    return visit.go(f"{LIST}/{id}", word + applied(written))


async def confirm(visit: Visit) -> Response:
    """What a deletion takes away."""
    id = visit.request.path_params["id"]
    upstream, tools, servers = await asyncio.gather(
        visit.api.one(shapes.Upstream, f"/v1/gateways/{id}", visit.token),
        visit.api.all(shapes.Tool, "/v1/tools", visit.token, {"gateway_id": id}),
        visit.api.all(shapes.Server, "/v1/servers", visit.token),
    )
    lost = {tool.id for tool in tools}
    poorer = [server for server in servers if lost.intersection(server.associated_tool_ids)]
    return visit.page("upstream_delete.html", upstream=upstream, servers=poorer)


async def delete(visit: Visit) -> Response:
    await visit.form()
    id = visit.request.path_params["id"]
    written = await visit.api.write("DELETE", f"/v1/gateways/{id}", visit.token)
    return visit.go(LIST, "The upstream is deleted." + applied(written))
