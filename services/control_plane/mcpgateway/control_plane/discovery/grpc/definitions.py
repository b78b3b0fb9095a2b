"""Makes definitions of tools of the methods in a set of descriptors. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet, MethodOptions

from mcpgateway.common.protobuf import pool, schemas
from mcpgateway.common.protobuf.comments import comments
from mcpgateway.common.protobuf.methods import Method, methods
from mcpgateway.control_plane.registry.discovered.ports import Found
from mcpgateway.control_plane.registry.transports.grpc import GrpcOptions, chosen

MAX_TOOLS = 5000
TOTAL_BYTES = 32 * 1024 * 1024  # of all definitions together

_TAKES = "It takes a stream: all of its messages at once, in `messages`."
_GIVES = "It answers a stream, of which all messages are in `messages`."


class Catalogue(NamedTuple):
    """`problems`: what was left out, and why."""

    tools: tuple[Found, ...]
    problems: tuple[str, ...] = ()


def catalogue(files: FileDescriptorSet, options: GrpcOptions) -> Catalogue:
    """`files` as `pool.read` answers them. Raises DescriptorError."""
    built = pool.build(files)
    said = comments(files)
    found: list[Found] = []
    problems: list[str] = []
    left = TOTAL_BYTES
    wanted = [method for method in methods(files) if chosen(options, method)]
    for at, method in enumerate(wanted):
        definition = _definition(built.FindMethodByName(method.name), method, said, options)
        left -= len(definition)
        if at == MAX_TOOLS or left < 0:
            limit = f"{MAX_TOOLS} methods" if left >= 0 else f"{TOTAL_BYTES} bytes of definitions"
            problems.append(f"over {limit}: {method.name} and all after it are left out")
            break
        found.append(Found(method.name, definition))
    return Catalogue(tuple(found), tuple(problems))


def _definition(
    descriptor: MethodDescriptor, method: Method, said: Mapping[str, str], options: GrpcOptions
) -> bytes:
    definition: dict[str, Any] = {
        "title": f"{method.service.rpartition('.')[2]}.{method.method}",
        "description": "\n".join(_description(method)),
        "inputSchema": schemas.taken(descriptor, said),
    }
    if options.output_schemas:
        definition["outputSchema"] = schemas.given(descriptor, said)
    annotations = _annotations(descriptor.GetOptions())
    if annotations:
        definition["annotations"] = annotations
    return msgspec.json.encode(definition)


def _description(method: Method) -> Iterator[str]:
    yield method.comment or f"Calls {method.method} of the gRPC service {method.service}."
    if method.client_streaming:
        yield _TAKES
    if method.server_streaming:
        yield _GIVES
    if method.deprecated:
        yield "Deprecated."


def _annotations(options: MethodOptions) -> dict[str, bool]:
    """What the method's `idempotency_level` says."""
    if options.idempotency_level == MethodOptions.NO_SIDE_EFFECTS:
        return {"readOnlyHint": True, "idempotentHint": True}
    if options.idempotency_level == MethodOptions.IDEMPOTENT:
        return {"idempotentHint": True}
    return {}
