"""What a call of a tool is answered with when it is not let through, or its result is not. Pure."""

from collections.abc import Sequence

from mcpgateway.common import jsonrpc, strict_json
from mcpgateway.common.mcp import tool_result
from mcpgateway.common.strict_json import Located
from mcpgateway.data_plane.upstreams.request import UpstreamRequest


def unread(request: UpstreamRequest, unread: strict_json.Unreadable) -> bytes:
    """The response, of status 400, to arguments that are no JSON of one meaning."""
    where, problem = unread.located
    said = f"params.arguments{where and f' at {where}'}: {problem}"
    return jsonrpc.error(request.id, jsonrpc.INVALID_PARAMS, said)


def mismatch(problems: Sequence[Located]) -> str:
    said = "The arguments do not match the tool's input schema, and it was not called"
    return tool_result.listed(said, problems)


def unlike(problems: Sequence[Located]) -> str:
    """Of a result; goes on from `The tool was called, but its result`."""
    return tool_result.listed("does not match its schema", problems)


UNSTRUCTURED = "has no structured content, which its schema promises"


def unfit(request: UpstreamRequest, said: str) -> bytes:
    """A result in place of one that is not shown."""
    return failed(request, f"The tool was called, but its result {said}")


def failed(request: UpstreamRequest, said: str) -> bytes:
    return tool_result.failed(request.client.era, said)
