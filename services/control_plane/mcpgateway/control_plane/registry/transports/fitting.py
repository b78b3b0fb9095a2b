"""Whether what is said of an upstream suits its kind, which a change may leave unsaid. Pure."""

from collections.abc import Mapping
from typing import Any

import msgspec

from mcpgateway.control_plane.registry.model import Transport
from mcpgateway.control_plane.registry.transports.grpc import GrpcOptions
from mcpgateway.control_plane.registry.transports.openapi import OpenApiOptions
from mcpgateway.control_plane.registry.transports.stdio import Stdio

_OPTIONS: Mapping[Transport, type[msgspec.Struct]] = {
    "OPENAPI": OpenApiOptions,
    "GRPC": GrpcOptions,
    "STDIO": Stdio,
}
_PLACELESS: tuple[Transport, ...] = ("STDIO", "TUNNEL")  # they are where their runner is


def are_of(transport: Transport, options: Mapping[str, Any]) -> bool:
    """Whether these are the options of such an upstream."""
    kind = _OPTIONS.get(transport)
    if kind is None:
        return not options
    if not options.keys() <= set(kind.__struct_fields__):
        return False
    try:
        msgspec.convert(options, kind)
    except msgspec.ValidationError:
        return False
    return True


def valueless(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Variables of a command that one of these names and the other does not: where values stay as
    they are kept, so do the names."""
    return sorted(set(before.get("env", ())) ^ set(after.get("env", ())))


def has_place(transport: Transport) -> bool:
    """Whether a URL means anything to it."""
    return transport not in _PLACELESS
