"""Virtual servers: list, detail with client snippets, bundle, switch, delete."""

import asyncio

import msgspec
from starlette.datastructures import FormData
from starlette.responses import Response

from mcpgateway.admin import session, shapes
from mcpgateway.admin.pages.upstreams import applied
from mcpgateway.admin.snippets import endpoint, snippets, token_command
from mcpgateway.admin.view import Visit, text_of
from mcpgateway.common.errors import GatewayError, InvalidCall, Unauthenticated

LIST = "/admin/ui/servers"
_PICKED = ("tools", "prompts", "resources")


async def index(visit: Visit) -> Response:
    rows = await visit.api.all(shapes.Server, "/v1/servers", visit.token)
    return visit.page("servers.html", servers=rows)


async def detail(visit: Visit) -> Response:
    id = visit.request.path_params["id"]
    path = f"/v1/servers/{id}"
    server, tools, prompts, resources = await asyncio.gather(
        visit.api.one(shapes.Server, path, visit.token),
        visit.api.all(shapes.Tool, f"{path}/tools", visit.token),
        visit.api.all(shapes.Prompt, f"{path}/prompts", visit.token),
        visit.api.all(shapes.Resource, f"{path}/resources", visit.token),
    )
    base = visit.public_url()
    return visit.page(
        "server.html",
        server=server,
        tools=tools,
        prompts=prompts,
        resources=resources,
        endpoint=endpoint(base, server.id),
        snippets=snippets(base, server.id, server.name),
        token_command=token_command(session.email_of(visit.token)),
    )


async def new(visit: Visit) -> Response:
    return await _form(visit, FormData(), None)


async def _form(visit: Visit, form: FormData, error: GatewayError | None) -> Response:
    tools, prompts, resources = await asyncio.gather(
        visit.api.all(shapes.Tool, "/v1/tools", visit.token),
        visit.api.all(shapes.Prompt, "/v1/prompts", visit.token),
        visit.api.all(shapes.Resource, "/v1/resources", visit.token),
    )
    errors = error.errors if error is not None else ()
    return visit.page(
        "server_new.html",
        200 if error is None else error.status,
        tools=[tool for tool in tools if tool.enabled],
        prompts=[prompt for prompt in prompts if prompt.enabled],
        resources=[resource for resource in resources if resource.enabled],
        picked={noun: set(form.getlist(noun)) for noun in _PICKED},
        values={name: str(form.get(name, "")) for name in ("name", "description")},
        error=error,
        problems={problem.field.rpartition(".")[2]: problem.problem for problem in errors},
    )


async def create(visit: Visit) -> Response:
    form = await visit.form()
    body = {
        "name": text_of(form, "name"),
        "description": text_of(form, "description"),
        **{f"associated_{noun}": [str(id) for id in form.getlist(noun)] for noun in _PICKED},
    }
    try:
        if not any(body[f"associated_{noun}"] for noun in _PICKED):
            raise InvalidCall("Pick at least one tool, prompt or resource.")
        written = await visit.api.write("POST", "/v1/servers", visit.token, {"server": body})
    except Unauthenticated:
        raise
    except GatewayError as error:
        return await _form(visit, form, error)
    server = msgspec.json.decode(written.body, type=shapes.Server)
    return visit.go(f"{LIST}/{server.id}", f"{server.name} is ready." + applied(written))


async def switch(visit: Visit) -> Response:
    form = await visit.form()
    id = visit.request.path_params["id"]
    on = text_of(form, "activate") == "true"
    params = {"activate": "true" if on else "false"}
    path = f"/v1/servers/{id}/state"
    written = await visit.api.write("POST", path, visit.token, params=params)
    word = "Switched on." if on else "Switched off: clients get 404."
    return visit.go(f"{LIST}/{id}", word + applied(written))


async def confirm(visit: Visit) -> Response:
    id = visit.request.path_params["id"]
    server = await visit.api.one(shapes.Server, f"/v1/servers/{id}", visit.token)
    return visit.page("server_delete.html", server=server)


async def delete(visit: Visit) -> Response:
    await visit.form()
    id = visit.request.path_params["id"]
    written = await visit.api.write("DELETE", f"/v1/servers/{id}", visit.token)
    return visit.go(LIST, "The server is deleted." + applied(written))
