"""How a stdio server is served, as one value."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Serve:
    """A stdio server to serve over HTTP. `environment` is all that it gets of one, before
    `header_to_env`. Times in seconds; `keepalive` 0 means none."""

    command: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()
    host: str = "127.0.0.1"
    port: int = 8000
    sse: bool = True
    streamable: bool = True
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
