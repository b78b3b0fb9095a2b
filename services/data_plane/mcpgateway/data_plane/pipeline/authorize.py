"""What a caller may reach: its view of an endpoint, and the thing that a call names in it.

A thing that is there but not for this caller reads like one that is not there.
"""

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import NotFound, Unauthenticated
from mcpgateway.common.mcp.envelope import Problem, read_string
from mcpgateway.common.mcp.revisions import Era
from mcpgateway.common.routing.model import Prompt, Resource, Tool
from mcpgateway.common.routing.table import Table
from mcpgateway.common.routing.view import View
from mcpgateway.data_plane.pipeline.answer import invalid
from mcpgateway.data_plane.pipeline.call import Caller


def admit(table: Table, caller: Caller, server: str) -> View:
    """The caller's view of a virtual server ("" for everything it may see). Raises
    Unauthenticated (nobody, where somebody is asked for) and NotFound."""
    view = table.view(caller.principal, server or None)
    if view is not None:
        return view
    if caller.principal is None:
        raise Unauthenticated("a bearer token is needed: Authorization: Bearer <token>")
    raise NotFound(f"no server {server!r} for this caller")


def find_tool(view: View, params: jsonrpc.Params) -> Tool | Problem:
    name = read_string(params.get("name"))
    if name is None:
        return invalid("params.name must be a string: the tool's name")
    tool = view.tools.get(name)
    return invalid(f"unknown tool {name!r}") if tool is None else tool


def find_prompt(view: View, raw_name: msgspec.Raw | None) -> Prompt | Problem:
    name = read_string(raw_name)
    if name is None:
        return invalid("params.name must be a string: the prompt's name")
    prompt = view.prompts.get(name)
    return invalid(f"unknown prompt {name!r}") if prompt is None else prompt


def find_resource(view: View, raw_uri: msgspec.Raw | None, era: Era) -> Resource | Problem:
    uri = read_string(raw_uri)
    if uri is None:
        return invalid("params.uri must be a string: the resource's URI")
    resource = view.resource(uri)
    if resource is not None:
        return resource
    code = jsonrpc.INVALID_PARAMS if era == "modern" else jsonrpc.RESOURCE_NOT_FOUND
    return Problem(code, f"unknown resource {uri!r}", data={"uri": uri})
