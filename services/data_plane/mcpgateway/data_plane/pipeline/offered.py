"""Which revisions a virtual server offers: an operator may name them."""

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp.envelope import Problem
from mcpgateway.common.mcp.revisions import LEGACY, offered
from mcpgateway.common.routing.view import View
from mcpgateway.data_plane.pipeline.call import Call


def revisions(view: View) -> tuple[str, ...]:
    """The newest first. The endpoint of everything offers all."""
    return offered(() if view.server is None else view.server.protocol_versions)


def unoffered(call: Call) -> Problem | None:
    """Why a call is not served in its revision. `initialize` has none yet: it agrees on one."""
    if call.view.server is None or not call.view.server.protocol_versions:
        return None
    among = revisions(call.view)
    if call.method == "initialize":
        good = any(each in LEGACY for each in among)
    else:
        good = call.revision in among
    return None if good else refusal(call.revision, among)


def refusal(revision: str, among: tuple[str, ...]) -> Problem:
    """`among` are offered, `revision` is not."""
    message = f"this server does not offer {revision}; it offers {', '.join(among) or 'none'}"
    data = {"supported": list(among), "requested": revision}
    return Problem(jsonrpc.UNSUPPORTED_PROTOCOL_VERSION, message, data=data)
