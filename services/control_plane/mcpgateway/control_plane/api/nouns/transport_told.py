"""What a body says of a transport that is not MCP over HTTP, once it is read. Pure."""

from typing import Any, NamedTuple

from msgspec import UNSET, UnsetType


class TransportInput(NamedTuple):
    """As in `drafts.UpstreamDraft`."""

    options: dict[str, Any] | UnsetType = UNSET
    document: bytes | UnsetType = UNSET
    environment: tuple[tuple[str, str], ...] | UnsetType | None = UNSET
