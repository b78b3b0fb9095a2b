"""What bodies of /gateways say of a transport that is not MCP over HTTP. Pure.

A transport is added by a row; its module reads its own member of the body, writes problems into
the fields, and refuses nothing of the others.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from msgspec import UNSET, UnsetType

from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.registry.model import Transport


class TransportInput(NamedTuple):
    """As in `drafts.UpstreamDraft`."""

    options: dict[str, Any] | UnsetType = UNSET
    document: bytes | UnsetType = UNSET
    environment: tuple[tuple[str, str], ...] | UnsetType | None = UNSET


class Reading(NamedTuple):
    """`needs_url`: whether a new one has to say where it is."""

    read: Callable[[Fields, bool], TransportInput]  # fields, and whether it is new
    needs_url: bool = False


_READINGS: Mapping[Transport, Reading] = {}
OTHERS: tuple[Transport, ...] = tuple(_READINGS)
"""What a body may name as transport beside those of MCP over HTTP."""


def needs_url(transport: Transport | UnsetType | None) -> bool:
    reading = _reading(transport)
    return reading is None or reading.needs_url


def read_transport(
    fields: Fields, transport: Transport | UnsetType | None, *, new: bool
) -> TransportInput:
    """Without a transport (a change that names none) whatever transport's members are there."""
    if isinstance(transport, UnsetType):
        said = [reading.read(fields, new) for reading in _READINGS.values()]
        return next((each for each in said if each != TransportInput()), TransportInput())
    reading = _reading(transport)
    return TransportInput() if reading is None else reading.read(fields, new)


def _reading(transport: Transport | UnsetType | None) -> Reading | None:
    return None if isinstance(transport, UnsetType | None) else _READINGS.get(transport)
