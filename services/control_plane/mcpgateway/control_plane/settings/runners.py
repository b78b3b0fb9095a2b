"""The settings of what runners serve: local commands, and tunnels."""

from dataclasses import dataclass

from mcpgateway.common import runners
from mcpgateway.common.runtime.settings import boolean, seconds, setting


@dataclass(frozen=True, kw_only=True)
class RunnerSettings:
    runner_urls: tuple[str, ...] = setting(
        runners.SETTING,
        runners.parse,
        default=(),
        doc="origins of the runners of this group, by commas, as data planes reach them too; "
        "empty: there are none",
    )
    tunnels_enabled: bool = setting(
        "MCPGATEWAY_TUNNELS_ENABLED",
        boolean,
        default=False,
        doc="servers elsewhere may be served through tunnels, which runners end; both control "
        "plane and runners have to be told",
    )
    stdio_enabled: bool = setting(
        "MCPGATEWAY_STDIO_ENABLED",
        boolean,
        default=False,
        doc="administrators may register local commands, which runners run; both have to be told",
    )
    stdio_timeout: float = setting(
        "MCPGATEWAY_STDIO_VALIDATION_TIMEOUT",
        seconds(1, 600),
        default=60.0,
        doc="seconds for a discovery of a stdio server, which may have to be fetched first",
    )
