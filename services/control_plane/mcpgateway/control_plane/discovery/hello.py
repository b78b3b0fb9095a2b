"""Reads what an upstream says of itself: the results of `server/discover` and `initialize`."""

from typing import TypeVar

import msgspec

from mcpgateway.common.errors import UpstreamRejected
from mcpgateway.common.mcp.revisions import LATEST_MODERN, LEGACY, META_SERVER_INFO, MODERN
from mcpgateway.control_plane.discovery.channel import Hello

_CAPABILITIES_LIMIT = 64 * 1024
_INSTRUCTIONS_LIMIT = 64 * 1024
_LABEL_LIMIT = 256

T = TypeVar("T")


class _Implementation(msgspec.Struct):
    name: str = ""
    version: str = ""


class _Meta(msgspec.Struct):
    server: _Implementation = msgspec.field(name=META_SERVER_INFO, default_factory=_Implementation)


class _Discovered(msgspec.Struct, rename="camel"):
    supported_versions: list[str]
    capabilities: dict[str, msgspec.Raw]
    instructions: str | None = None
    result_type: str | None = None
    meta: _Meta = msgspec.field(name="_meta", default_factory=_Meta)


class _Initialized(msgspec.Struct, rename="camel"):
    protocol_version: str
    capabilities: dict[str, msgspec.Raw]
    instructions: str | None = None
    server_info: _Implementation = msgspec.field(default_factory=_Implementation)


def introduced(result: bytes, step: str) -> Hello:
    """Of `server/discover`. Raises UpstreamRejected."""
    said = _decode(result, _Discovered, step)
    common = [version for version in MODERN if version in said.supported_versions]
    revision = common[0] if common else LATEST_MODERN
    hello = _hello(revision, said.capabilities, said.instructions, said.meta.server, step)
    return hello._replace(typed=said.result_type is not None)


def greeted(result: bytes, step: str) -> Hello:
    """Of `initialize`. Raises UpstreamRejected, also for a revision that we do not speak."""
    said = _decode(result, _Initialized, step)
    if said.protocol_version not in LEGACY:
        raise UpstreamRejected(
            f"{step} answered protocolVersion {said.protocol_version[:40]!r}; "
            f"we speak {', '.join(LEGACY)}"
        )
    return _hello(
        said.protocol_version, said.capabilities, said.instructions, said.server_info, step
    )


def _hello(
    revision: str,
    capabilities: dict[str, msgspec.Raw],
    instructions: str | None,
    server: _Implementation,
    step: str,
) -> Hello:
    raw = msgspec.json.encode(capabilities)
    if len(raw) > _CAPABILITIES_LIMIT:
        raise UpstreamRejected(f"{step} answered capabilities over {_CAPABILITIES_LIMIT} bytes")
    if instructions is not None and len(instructions) > _INSTRUCTIONS_LIMIT:
        raise UpstreamRejected(
            f"{step} answered instructions over {_INSTRUCTIONS_LIMIT} characters"
        )
    return Hello(
        revision,
        raw,
        instructions or "",
        server.name[:_LABEL_LIMIT],
        server.version[:_LABEL_LIMIT],
    )


def _decode(result: bytes, shape: type[T], step: str) -> T:
    try:
        return msgspec.json.decode(result, type=shape)
    except (msgspec.DecodeError, RecursionError) as error:
        raise UpstreamRejected(f"{step} answered a malformed result: {error}") from error
