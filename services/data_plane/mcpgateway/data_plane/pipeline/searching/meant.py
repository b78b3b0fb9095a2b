"""Which call is meant by one of `call_tool`: that of the tool that it names, with the arguments
that it has for it. From here on nothing tells the two apart: what a caller may do, what is counted
and what is told of it is that of the tool."""

from typing import NamedTuple

import msgspec

from mcpgateway.common.jsonrpc import Params
from mcpgateway.common.mcp.envelope import read_string
from mcpgateway.common.routing.search_tools import CALL, NAMES
from mcpgateway.common.routing.view import View
from mcpgateway.data_plane.pipeline.call import Call

_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_NOTHING = msgspec.Raw(b"{}")


class Asked(NamedTuple):
    """What the arguments of `call_tool` say."""

    name: msgspec.Raw
    arguments: msgspec.Raw


def meant(call: Call) -> Call:
    """The same call where it is of nothing else, or of nothing that is offered."""
    if not call.view.searched or read_string(call.params.get("name")) != CALL:
        return call
    asked = _asked(call.params)
    if asked is None or call.view.tools.get(read_string(asked.name) or "") is None:
        return call
    params = {**call.params, "name": asked.name, "arguments": asked.arguments}
    return msgspec.structs.replace(call, params=params, indirect=True)


def offers(view: View, name: str, params: Params) -> bool:
    """Whether a call of this name can be meant for anything that is offered."""
    if not view.searched or name not in NAMES:
        return name in view.tools
    asked = _asked(params) if name == CALL else None
    return asked is None or (read_string(asked.name) or "") in view.tools


def _asked(params: Params) -> Asked | None:
    """None where they are wrong."""
    try:
        given = _members.decode(params.get("arguments", _NOTHING))
        arguments = given.get("arguments", _NOTHING)
        if bytes(arguments) == b"null":
            arguments = _NOTHING
        _members.decode(arguments)
    except (msgspec.DecodeError, RecursionError):
        return None
    name = given.get("name")
    return None if name is None else Asked(name, arguments)
