"""Which call is meant by one of a tool that is made of others: of a derived tool, its base's; of a
composed one, a run. What a caller may not do with one of the tools, he may not do so either."""

from collections.abc import Callable

import msgspec

from mcpgateway.common.errors import UpstreamUnreachable
from mcpgateway.common.mcp.envelope import Problem
from mcpgateway.common.recipes import deriving, taking
from mcpgateway.common.recipes.taking import Aim, Broken, NotTaken
from mcpgateway.common.routing.model import Tool, Upstream
from mcpgateway.common.routing.recipe import Derived
from mcpgateway.data_plane.pipeline.call import Call
from mcpgateway.data_plane.pipeline.composing.allowance import Within
from mcpgateway.data_plane.pipeline.composing.run import Starts
from mcpgateway.data_plane.pipeline.composing.stepping import Meant, NotSent, Stepping
from mcpgateway.data_plane.upstreams.request import Send

MADE = Upstream("made", "tools made of others", "made:", "", transport="OPENAPI")
"""The upstream that composed tools have, for all that asks who is called: one that speaks no MCP,
so that nothing is translated. No slug of an upstream has a colon."""

May = Callable[[Call, Tool, bytes], Problem | None]


class Recipes:
    """Implements stepping.Meaning. Keeps nothing of a call."""

    def __init__(self, may: May) -> None:
        self.may = may

    def meant(self, call: Call, tool: Tool) -> Meant | Problem | NotSent:
        arguments = bytes(call.params.get("arguments", b"{}"))
        try:
            aims = taking.followed(call.table.tools, tool, arguments)
            changed = _changes_arguments(tool, aims)
        except NotTaken as problem:
            return NotSent(f"Not called: {problem}")
        except Broken as error:
            raise UpstreamUnreachable(str(error)) from error
        for aim in aims:
            denied = self.may(call, aim.tool, aim.arguments)
            if denied is not None:
                return denied
        if not aims:
            return Meant(call, tool)
        last = aims[-1]
        if not changed and not call.view.permits.late:
            return Meant(call, last.tool)
        params = {**call.params, "arguments": msgspec.Raw(last.arguments)}
        return Meant(msgspec.structs.replace(call, params=params, indirect=True), last.tool)

    def starts(
        self, call: Call, tool: Tool, remote: Stepping, within: Within | None = None
    ) -> Send:
        return Starts(call, tool, remote, self, within)


def _changes_arguments(tool: Tool, aims: list[Aim]) -> bool:
    """Whether the last of these is called with other arguments than the tool was. Raises Broken."""
    for each in (tool, *(aim.tool for aim in aims[:-1])):
        recipe = taking.read(each)
        if isinstance(recipe, Derived) and deriving.changes_arguments(recipe):
            return True
    return False
