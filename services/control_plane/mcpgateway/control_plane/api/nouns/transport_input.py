"""What bodies of /gateways say of a transport that is not MCP over HTTP. Pure.

A transport is added by a row; its module reads its own member of the body, writes problems into
the fields, and refuses nothing of the others.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from msgspec import UnsetType

from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.nouns.grpc_input import read_grpc
from mcpgateway.control_plane.api.nouns.openapi_input import read_openapi
from mcpgateway.control_plane.api.nouns.stdio_input import read_stdio
from mcpgateway.control_plane.api.nouns.transport_told import TransportInput
from mcpgateway.control_plane.api.nouns.tunnel_input import read_tunnel
from mcpgateway.control_plane.registry.model import Transport


class Reading(NamedTuple):
    """`needs_url`: whether a new one has to say where it is."""

    read: Callable[[Fields, bool], TransportInput]  # fields, and whether it is new
    needs_url: bool = False


_READINGS: Mapping[Transport, Reading] = {
    "OPENAPI": Reading(read_openapi),
    "GRPC": Reading(read_grpc, needs_url=True),
    "STDIO": Reading(read_stdio),
    "TUNNEL": Reading(read_tunnel),
}
OTHERS: tuple[Transport, ...] = tuple(_READINGS)
"""What a body may name as transport beside those of MCP over HTTP."""


def needs_url(transport: Transport | UnsetType | None) -> bool:
    reading = _reading(transport)
    return reading is None or reading.needs_url


def read_transport(
    fields: Fields, transport: Transport | UnsetType | None, *, new: bool
) -> TransportInput:
    """Without a transport (a change that names none) whatever transport's members are there; a
    new one has to name it."""
    if isinstance(transport, UnsetType):
        said = {name: reading.read(fields, False) for name, reading in _READINGS.items()}
        given = {name: told for name, told in said.items() if told != TransportInput()}
        if given and new:
            name = next(iter(given))
            fields.problem("transport", f"must be {name}: that is what was described", "missing")
        return next(iter(given.values()), TransportInput())
    reading = _reading(transport)
    return TransportInput() if reading is None else reading.read(fields, new)


def _reading(transport: Transport | UnsetType | None) -> Reading | None:
    return None if isinstance(transport, UnsetType | None) else _READINGS.get(transport)
