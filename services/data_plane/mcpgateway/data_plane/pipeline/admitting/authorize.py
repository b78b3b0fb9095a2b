"""What a caller may reach: its view of an endpoint, and the thing that a call names in it.

A thing that is there but not for this caller reads like one that is not there.
"""

import msgspec

from mcpgateway.common import ids
from mcpgateway.common.errors import Conflict, InvalidCall, NotFound, Unauthenticated
from mcpgateway.common.mcp.envelope import Problem, read_string
from mcpgateway.common.routing.model import Prompt, Resource, Tool, Upstream
from mcpgateway.common.routing.table import Table
from mcpgateway.common.routing.view import View
from mcpgateway.data_plane.pipeline.answer import invalid, invalid_param
from mcpgateway.data_plane.pipeline.call import Caller


def admit(table: Table, caller: Caller, server: str) -> View:
    """The caller's view of a virtual server ("" for everything it may see). Raises
    Unauthenticated (nobody, where somebody is asked for) and NotFound."""
    view = table.view(caller.subject, server or None)
    if view is not None:
        return view
    if caller.principal is None:
        raise Unauthenticated("a bearer token is needed: Authorization: Bearer <token>")
    only = caller.subject.scope.server
    if only and only != server:
        raise NotFound(f"this token is for the server {only!r} alone: use its endpoint")
    raise NotFound(f"no server {server!r} for this caller")


def find_tool(view: View, raw_name: msgspec.Raw | None) -> Tool | Problem:
    name = read_string(raw_name)
    if name is None:
        return invalid_param("name", "must be a string: the tool's name")
    tool = view.tools.get(name)
    return invalid(f"unknown tool {name!r}") if tool is None else tool


def find_prompt(view: View, raw_name: msgspec.Raw | None, member: str = "name") -> Prompt | Problem:
    """`member` of the params holds the name."""
    name = read_string(raw_name)
    if name is None:
        return invalid_param(member, "must be a string: the prompt's name")
    prompt = view.prompts.get(name)
    return invalid(f"unknown prompt {name!r}") if prompt is None else prompt


def find_resource(
    view: View, raw_uri: msgspec.Raw | None, unknown: int, member: str = "uri"
) -> Resource | Problem:
    """`member` of the params holds the URI; `unknown` is the code for one that nobody has."""
    uri = read_string(raw_uri)
    if uri is None:
        return invalid_param(member, "must be a string: the resource's URI")
    resource = view.resource(uri)
    if resource is not None:
        return resource
    return Problem(unknown, f"unknown resource {uri!r}", data={"uri": uri})


def prompt_named(table: Table, caller: Caller, name: str) -> Prompt:
    """By id, else by the name under which the caller is offered it. Raises NotFound."""
    view = admit(table, caller, "")
    found: Prompt | None = table.prompts.get(ids.as_id(name) or name)
    if found is None or not view.permits.may_use(found):
        found = view.prompts.get(name)
    if found is None:
        raise NotFound(f"no prompt {name!r} for this caller")
    return found


def resource_named(table: Table, caller: Caller, name: str) -> tuple[Resource, str]:
    """By id, else by URI, which may be one that a template makes; and the URI to read. Raises
    NotFound, InvalidCall (a template by itself), Conflict (several have this URI)."""
    view = admit(table, caller, "")
    may_use = view.permits.may_use
    found: Resource | None = table.resources.get(ids.as_id(name) or name)
    if found is not None and may_use(found):
        return found, _readable(found)
    seen = list(filter(may_use, table.resources_at(name)))
    if len(seen) > 1:
        several = ", ".join(each.id for each in seen)
        raise Conflict(f"several resources have the URI {name!r}; name one by id: {several}")
    if seen:
        return seen[0], _readable(seen[0])
    found = view.resource(name)
    if found is None:
        raise NotFound(f"no resource {name!r} for this caller")
    return found, name


def _readable(resource: Resource) -> str:
    if resource.template:
        raise InvalidCall(
            f"resource {resource.id} is a URI template, {resource.uri}: read a URI of its form"
            " instead, percent-encoded in the path"
        )
    return resource.uri


def find_upstream(table: Table, view: View, id: str) -> Upstream | None:
    """An upstream that the caller is offered something of here."""
    upstream = table.upstreams.get(id)
    if upstream is None:
        return None
    if view.server is None:
        return upstream if view.permits.may_use_of(upstream) else None
    return upstream if id in (view.depends or ()) else None
