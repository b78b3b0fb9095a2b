"""The roots that the gateway itself has. In MCP a client is asked for its roots; who asks the
gateway, by plain HTTP, is shown these."""

import msgspec

from mcpgateway.common.policy.visibility import may_see
from mcpgateway.data_plane.pipeline.call import Call, Result

METHOD = "roots/list"


def list_roots(call: Call) -> Result:
    """Those that the caller may see, by URI. They belong to no virtual server: strangers, who are
    let in to one, see none, nor do tokens that are for one."""
    subject = call.caller.subject
    seen = () if subject.principal is None else call.table.roots.values()
    shown = sorted((each.uri, each.name) for each in seen if may_see(subject, each.access))
    listed = [{"uri": uri, "name": name} if name else {"uri": uri} for uri, name in shown]
    return Result(msgspec.json.encode({"roots": listed}))
