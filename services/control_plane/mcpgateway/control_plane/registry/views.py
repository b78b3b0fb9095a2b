"""What lists and details show: a resource together with what is joined to it. And how to ask."""

from datetime import datetime
from typing import NamedTuple

import msgspec

from mcpgateway.common.routing.model import Visibility
from mcpgateway.control_plane.registry.model import (
    Prompt,
    Resource,
    Server,
    Tool,
    Upstream,
    Viewer,
)


class UpstreamView(Upstream, frozen=True, kw_only=True):
    reachable: bool = True
    last_seen: datetime | None = None
    last_refresh: datetime | None = None
    last_error: str | None = None
    problems: tuple[str, ...] = ()
    tool_count: int = 0
    prompt_count: int = 0
    resource_count: int = 0


class ToolView(Tool, frozen=True, kw_only=True):
    """`enabled` is the tool's own switch; it is offered only while `upstream_enabled` too. The
    columns of the upstream are None for one of our own. `parts`: the names of the tools that it is
    made of, by id, of those that the viewer may see."""

    upstream_slug: str | None = None
    upstream_url: str | None = None
    upstream_transport: str | None = None
    upstream_enabled: bool = True
    reachable: bool = True
    parts: dict[str, str] = msgspec.field(default_factory=dict)


class PromptView(Prompt, frozen=True, kw_only=True):
    upstream_slug: str | None = None
    upstream_enabled: bool = True


class ResourceView(Resource, frozen=True, kw_only=True):
    upstream_enabled: bool = True


class ServerView(Server, frozen=True, kw_only=True):
    """`tool_names` are the offered names of `tools`, in the same order."""

    tool_names: tuple[str, ...] = ()


class After(NamedTuple):
    """Where the page before ended: its last sort key and id."""

    key: str
    id: str


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Which things, for whom. Sorted by name (resources: by URI), then id.

    `limit` None: all of them. `tags`: any of these. None elsewhere: no such filter.
    """

    viewer: Viewer
    ids: tuple[str, ...] | None = None
    include_inactive: bool = False
    tags: tuple[str, ...] | None = None
    visibility: Visibility | None = None
    team_id: str | None = None
    after: After | None = None
    limit: int | None = None
    upstream_id: str | None = None
    server_id: str | None = None
    template: bool | None = None
