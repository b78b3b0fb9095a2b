"""What a call is aimed at: the names that it says, in the caller's view, as records of the table.

It does not send, and looks into no recipe of tools that are made of others.
"""

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp import mirrored_params
from mcpgateway.common.mcp.envelope import Problem
from mcpgateway.common.mcp.headers import PARAM_PREFIX
from mcpgateway.common.routing.model import Prompt, Resource, Tool, speaks_mcp
from mcpgateway.common.routing.rest_request import harmless
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.data_plane.pipeline.admitting.authorize import find_prompt, find_resource, find_tool
from mcpgateway.data_plane.pipeline.answer import invalid_param
from mcpgateway.data_plane.pipeline.call import Call
from mcpgateway.data_plane.pipeline.handling.judging import is_handled
from mcpgateway.data_plane.pipeline.upstream_auth.credentials import Lines

_MIRRORED = "mirrored"  # in the notes of an exchange
_references = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Aimed(NamedTuple):
    """What a call is aimed at. `replaced` are the members of the client's params that this
    upstream gets otherwise; `definition` is the tool's. `tool`: one with which more is done than
    passing the call on."""

    upstream: str
    replaced: jsonrpc.Params
    safe: bool = True
    definition: bytes = b""
    tool: Tool | None = None


Aim = Callable[[Call], Aimed | Problem]


def aim_tool(call: Call) -> Aimed | Problem:
    tool = find_tool(call.view, call.params.get("name"))
    if isinstance(tool, Problem):
        return tool
    upstream = call.table.upstreams.get(tool.upstream)
    if upstream is None or call.era != upstream.era or not speaks_mcp(upstream):
        # Between two modern peers the upstream checks this itself.
        problem = _unmirrored(call, tool.definition)
        if problem is not None:
            return problem
    return at_tool(tool)


def at_tool(tool: Tool) -> Aimed:
    """`tools/call` of one."""
    replaced = named(tool.original_name)
    if is_handled(tool):
        return Aimed(tool.upstream, replaced, harmless(tool), tool.definition, tool)
    return Aimed(tool.upstream, replaced, tool.read_only or tool.idempotent, tool.definition)


def _unmirrored(call: Call, definition: bytes) -> Problem | None:
    """What is wrong with arguments that a modern client mirrors, or that are mirrored for a
    legacy one."""
    wanted = mirrored_params.wanted(definition)
    if not wanted:
        return None
    try:
        arguments = mirrored_params.read(call.params.get("arguments", b"{}"))
    except mirrored_params.Unreadable as problem:
        return invalid_param("arguments", str(problem))
    if call.era == "legacy" or call.indirect:
        return None
    found = mirrored_params.mismatch(wanted, arguments, mirrored_headers(call.exchange))
    return None if found is None else Problem(jsonrpc.HEADER_MISMATCH, found)


def at_prompt(prompt: Prompt) -> Aimed:
    """`prompts/get` of one that has an upstream."""
    return Aimed(prompt.upstream, named(prompt.original_name))


def at_resource(resource: Resource) -> Aimed:
    """`resources/read` of one that has an upstream."""
    return Aimed(resource.upstream, {})


def aim_completion(call: Call) -> Aimed | Problem:
    """`ref` names a prompt (renamed for the upstream) or a resource template (kept)."""
    try:
        ref = _references.decode(call.params["ref"])
    except (KeyError, msgspec.DecodeError):
        return invalid_param("ref", "must be an object: a prompt or a resource template")
    match bytes(ref.get("type", b"")):
        case b'"ref/prompt"':
            prompt = find_prompt(call.view, ref.get("name"), "ref.name")
            if isinstance(prompt, Problem):
                return prompt
            renamed = jsonrpc.join_params({**ref, **named(prompt.original_name)})
            return Aimed(prompt.upstream, {"ref": msgspec.Raw(renamed)})
        case b'"ref/resource"':
            unknown = jsonrpc.INVALID_PARAMS
            resource = find_resource(call.view, ref.get("uri"), unknown, "ref.uri")
            if isinstance(resource, Problem):
                return resource
            return Aimed(resource.upstream, {})
        case _:
            return invalid_param("ref.type", 'must be "ref/prompt" or "ref/resource"')


def mirrored_headers(exchange: Exchange) -> Lines:
    """The client's copies of its arguments; between two modern peers they go through."""
    lines: Lines | None = exchange.notes.get(_MIRRORED)
    if lines is None:
        lines = tuple([line for line in exchange.headers if line[0].startswith(PARAM_PREFIX)])
        exchange.notes[_MIRRORED] = lines
    return lines


def named(name: str) -> jsonrpc.Params:
    """The member of params that names a tool or a prompt."""
    return {"name": msgspec.Raw(jsonrpc.encode(name))}
