"""The request that a tool of an API becomes, as a member of its definition. Pure.

Where a definition is compared, pinned or held back, the request is with it: the same words over
another request are another tool.
"""

from typing import Any

import msgspec

MEMBER = "request"  # of no MCP definition, and left out of what clients get

_decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def whole(definition: str, request: dict[str, Any] | None) -> str:
    """The definition itself for a tool that becomes no request."""
    if request is None:
        return definition
    members = _decode(definition.encode())
    members[MEMBER] = msgspec.Raw(msgspec.json.encode(request))
    return msgspec.json.encode(members).decode()


def parted(definition: str, *, of_api: bool) -> tuple[str, dict[str, Any] | None]:
    """What `whole` joined. `of_api` False: an MCP server may have such a member of its own."""
    if not of_api:
        return definition, None
    members = _decode(definition.encode())
    if MEMBER not in members:
        return definition, None
    request: dict[str, Any] = msgspec.json.decode(members.pop(MEMBER))
    return msgspec.json.encode(members).decode(), request or None
