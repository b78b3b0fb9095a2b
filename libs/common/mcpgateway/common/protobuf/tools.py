"""The definition of the tool that a method is. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions

from mcpgateway.common.protobuf import schemas
from mcpgateway.common.protobuf.methods import Method

_TAKES = "It takes a stream: all of its messages at once, in `messages`."
_GIVES = "It answers a stream, of which all messages are in `messages`."


def definition(
    descriptor: MethodDescriptor, method: Method, said: Mapping[str, str], *, outputs: bool = True
) -> bytes:
    """As JSON, without a name. `said`: comments; `outputs`: with a schema of what it answers."""
    made: dict[str, Any] = {
        "title": f"{method.service.rpartition('.')[2]}.{method.method}",
        "description": "\n".join(_description(method)),
        "inputSchema": schemas.taken(descriptor, said),
    }
    if outputs:
        made["outputSchema"] = schemas.given(descriptor, said)
    annotations = _annotations(descriptor.GetOptions())
    if annotations:
        made["annotations"] = annotations
    return msgspec.json.encode(made)


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
