"""The protocol revisions and what tells them apart."""

from collections.abc import Sequence
from typing import Literal

V2024_11_05 = "2024-11-05"
V2025_03_26 = "2025-03-26"
V2025_06_18 = "2025-06-18"
V2025_11_25 = "2025-11-25"
V2026_07_28 = "2026-07-28"

LEGACY = (V2025_11_25, V2025_06_18, V2025_03_26, V2024_11_05)
MODERN = (V2026_07_28,)
SUPPORTED = MODERN + LEGACY
LATEST_LEGACY = V2025_11_25
LATEST_MODERN = V2026_07_28
ASSUMED = V2025_03_26  # a legacy request without MCP-Protocol-Version (2025-06-18 transports)

Era = Literal["modern", "legacy"]


def is_modern(revision: str) -> bool:
    return revision in MODERN


def offered(named: Sequence[str]) -> tuple[str, ...]:
    """What is offered where an operator names revisions, the newest first; none named: all. Names
    that nobody knows are passed over."""
    return tuple(each for each in SUPPORTED if each in named) if named else SUPPORTED


def negotiate(requested: str, among: Sequence[str] = SUPPORTED) -> str:
    """What `initialize` answers: the requested revision if legacy and offered, else the latest
    legacy one that is; there must be one."""
    legacy = [each for each in among if each in LEGACY]
    return requested if requested in legacy else legacy[0]


# Keys of `_meta` and capabilities that the protocol reserves (2026-07-28).
PREFIX = "io.modelcontextprotocol/"
META_PROTOCOL_VERSION = PREFIX + "protocolVersion"
META_CLIENT_CAPABILITIES = PREFIX + "clientCapabilities"
META_CLIENT_INFO = PREFIX + "clientInfo"
META_SERVER_INFO = PREFIX + "serverInfo"
META_LOG_LEVEL = PREFIX + "logLevel"
META_SUBSCRIPTION_ID = PREFIX + "subscriptionId"
