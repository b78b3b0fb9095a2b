"""Checks that are not about who calls but about how: shapes that a route insists on."""

from mcpgateway.common.mcp.envelope import Problem
from mcpgateway.data_plane.pipeline.answer import invalid_param
from mcpgateway.data_plane.pipeline.call import Call


def meta_is_an_object(call: Call) -> Problem | None:
    if call.meta is None and "_meta" in call.params:
        return invalid_param("_meta", "must be an object")
    return None
