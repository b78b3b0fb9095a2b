"""/tools: those of upstreams, and REST operations of our own."""

from mcpgateway.control_plane.api.nouns import render_held
from mcpgateway.control_plane.api.nouns.noun import Noun
from mcpgateway.control_plane.api.nouns.tool_input import read_tool
from mcpgateway.control_plane.registry import tools
from mcpgateway.control_plane.registry.drafts import ToolDraft
from mcpgateway.control_plane.registry.ports import Reader
from mcpgateway.control_plane.registry.views import ToolView


def noun(read: Reader) -> Noun[ToolView, ToolDraft]:
    return Noun(
        name="tools",
        what="tool",
        kind="tool",
        read=read.tools,
        key=lambda row: row.name,
        show=render_held.tool,
        parse=lambda body, new: read_tool(body, new=new),
        acts=tools,
    )
