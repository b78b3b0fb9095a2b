"""The headers that a 2026-07-28 message must carry, for a client that does not know of headers."""

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp import headers, mirrored_params
from mcpgateway.common.mcp.envelope import read_meta, read_string
from mcpgateway.common.mcp.revisions import META_PROTOCOL_VERSION

Header = tuple[bytes, bytes]

_MAX_TOOLS = 10_000


def params_of(frame: jsonrpc.Frame) -> jsonrpc.Params:
    return {} if isinstance(frame.params, msgspec.UnsetType) else frame.params


def revision(frame: jsonrpc.Frame) -> str:
    """The revision that a message claims in `_meta`, "" for one of a legacy client."""
    meta = read_meta(params_of(frame))
    return "" if meta is None else read_string(meta.get(META_PROTOCOL_VERSION)) or ""


class _Tools(msgspec.Struct):
    tools: list[msgspec.Raw] = []


class _Tool(msgspec.Struct):
    name: str


class Mirror:
    """Knows which arguments of which tools are mirrored, learnt from the tool lists that pass by.

    Holds only tools that have such arguments, at most 10,000 (later ones are not learnt).
    """

    def __init__(self) -> None:
        self._tools: dict[str, mirrored_params.Wanted] = {}

    def headers(self, frame: jsonrpc.Frame, version: str) -> list[Header]:
        """`version` is the claimed revision."""
        method = "" if isinstance(frame.method, msgspec.UnsetType) else frame.method
        params = params_of(frame)
        found = [
            (headers.PROTOCOL_VERSION, headers.encode_value(version).encode()),
            (headers.METHOD, headers.encode_value(method).encode()),
        ]
        name = read_string(params.get(headers.NAMED_BY.get(method, "")))
        if name is None:
            return found
        found.append((headers.NAME, headers.encode_value(name).encode()))
        if method == "tools/call" and name in self._tools:
            found += mirrored_params.lines(self._tools[name], params.get("arguments", b"null"))
        return found

    def learn(self, result: bytes | msgspec.Raw) -> None:
        """Takes the result of a `tools/list`; what is malformed teaches nothing."""
        try:
            tools = msgspec.json.decode(result, type=_Tools).tools
        except (msgspec.DecodeError, RecursionError):
            return
        for tool in tools:
            self._learn(bytes(tool))

    def _learn(self, definition: bytes) -> None:
        try:
            name = msgspec.json.decode(definition, type=_Tool).name
        except (msgspec.DecodeError, RecursionError):
            return
        found = mirrored_params.wanted(definition)
        if not found:
            self._tools.pop(name, None)
        elif name in self._tools or len(self._tools) < _MAX_TOOLS:
            self._tools[name] = found
