"""How a stdio server is served, as one value."""

from dataclasses import dataclass

from mcpgateway.common.runtime.stdio.child import Watcher


@dataclass(frozen=True, slots=True)
class Serve:
    """A stdio server to serve over HTTP, at `path`. `environment` is all that it gets of one,
    before `header_to_env`. Times in seconds; `keepalive` 0 means none. `stateless`: clients of the
    era that has sessions share a server, too."""

    command: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()
    host: str = "127.0.0.1"
    port: int = 8000
    sse: bool = True
    streamable: bool = True
    path: str = "/mcp"
    sse_path: str = "/sse"
    message_path: str = "/message"
    keepalive: float = 30.0
    idle: float = 600.0
    max_children: int = 20
    stateless: bool = False
    json_response: bool = False
    origins: tuple[str, ...] = ()
    header_to_env: tuple[tuple[str, str], ...] = ()
    level: str = "info"
    cwd: str | None = None
    watcher: Watcher | None = None
