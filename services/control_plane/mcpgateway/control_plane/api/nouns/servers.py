"""/servers: virtual servers."""

from mcpgateway.control_plane.api.nouns import render
from mcpgateway.control_plane.api.nouns.noun import Noun
from mcpgateway.control_plane.api.nouns.server_input import read_server
from mcpgateway.control_plane.registry import servers
from mcpgateway.control_plane.registry.drafts import ServerDraft
from mcpgateway.control_plane.registry.ports import Reader
from mcpgateway.control_plane.registry.views import ServerView


def noun(read: Reader) -> Noun[ServerView, ServerDraft]:
    return Noun(
        name="servers",
        what="server",
        kind="server",
        read=read.servers,
        key=lambda row: row.name,
        show=render.server,
        parse=lambda body, new: read_server(body, new=new),
        acts=servers,
        created=201,
    )
