"""The runner's settings, read once from the environment by `__main__`."""

from dataclasses import dataclass

from mcpgateway.common import keys
from mcpgateway.common.runtime.logs import LEVELS
from mcpgateway.common.runtime.settings import boolean, choice, integer, setting
from mcpgateway.common.seal import Sealer


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    host: str = setting("HOST", default="127.0.0.1", doc="address to listen on")
    port: int = setting("PORT", integer(0, 65535), default=4447, doc="port to listen on")
    log_level: str = setting("LOG_LEVEL", choice(*LEVELS), default="INFO", doc="least level logged")
    log_format: str = setting("LOG_FORMAT", choice("text", "json"), default="text", doc="log lines")
    key: Sealer = setting(
        "MCPGATEWAY_RUNNER_KEY",
        keys.parse_ring,
        doc="by which it knows what the control plane of its group asks for: `mcpgateway keys "
        "runner` prints it",
        secret=True,
    )
    stdio_enabled: bool = setting(
        "MCPGATEWAY_STDIO_ENABLED",
        boolean,
        default=False,
        doc="run the commands of gateways whose transport is STDIO",
    )
