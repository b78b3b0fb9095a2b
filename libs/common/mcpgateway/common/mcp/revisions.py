"""The protocol revisions and what tells them apart."""

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


def negotiate(requested: str) -> str:
    """What `initialize` answers: the requested revision if legacy and known, else our latest."""
    return requested if requested in LEGACY else LATEST_LEGACY


# Keys of `_meta` and capabilities that the protocol reserves (2026-07-28).
PREFIX = "io.modelcontextprotocol/"
META_PROTOCOL_VERSION = PREFIX + "protocolVersion"
META_CLIENT_CAPABILITIES = PREFIX + "clientCapabilities"
META_CLIENT_INFO = PREFIX + "clientInfo"
META_SERVER_INFO = PREFIX + "serverInfo"
META_LOG_LEVEL = PREFIX + "logLevel"
META_SUBSCRIPTION_ID = PREFIX + "subscriptionId"
