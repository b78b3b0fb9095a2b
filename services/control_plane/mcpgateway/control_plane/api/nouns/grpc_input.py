"""What a body of /gateways says of a gRPC service: a member `grpc`. Pure."""

import base64
import binascii
import re

from msgspec import UNSET, UnsetType

from mcpgateway.common.protobuf import pool
from mcpgateway.common.protobuf.pool import DescriptorError
from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.nouns.transport_told import TransportInput
from mcpgateway.control_plane.registry.transports import grpc
from mcpgateway.control_plane.registry.transports.grpc import GrpcOptions

_KNOWN = frozenset(
    ("reflection", "include", "exclude", "deprecated", "output_schemas", "descriptors")
)
_ENCODED = -(-pool.MAX_BYTES // 3) * 4  # characters of base64
_PATTERN = re.compile(r"[A-Za-z0-9_.*]+")
_USUAL = GrpcOptions()


def read_grpc(fields: Fields, new: bool) -> TransportInput:
    """All of it is said at once. Who gives descriptors wants no reflection, unless he says so."""
    said = fields.mapping("grpc")
    if said is UNSET:
        return TransportInput(options=grpc.kept(_USUAL)) if new else TransportInput()
    inner = Fields(said)
    told = _read(inner, new)
    for name in said.keys() - _KNOWN - {"outputSchemas"}:
        inner.problem(str(name)[:80], f"is unknown; there are {', '.join(sorted(_KNOWN))}")
    for problem in inner.problems:
        fields.problem(f"grpc.{problem.field}", problem.problem, problem.rule)
    return told


def _read(fields: Fields, new: bool) -> TransportInput:
    document = _descriptors(fields)
    reflection = fields.boolean("reflection")
    if reflection is UNSET:
        reflection = document is UNSET
    if new and not reflection and document is UNSET and fields.raw("descriptors") is UNSET:
        fields.problem("descriptors", "is required without reflection", "missing")
    if reflection and document is not UNSET:
        fields.problem("reflection", "must be false where descriptors are given", "twice")
    deprecated, schemas = fields.boolean("deprecated"), fields.boolean("output_schemas")
    options = GrpcOptions(
        reflection=reflection,
        include=_patterns(fields, "include"),
        exclude=_patterns(fields, "exclude"),
        deprecated=_USUAL.deprecated if deprecated is UNSET else deprecated,
        output_schemas=_USUAL.output_schemas if schemas is UNSET else schemas,
    )
    return TransportInput(options=grpc.kept(options), document=document)


def _patterns(fields: Fields, name: str) -> tuple[str, ...]:
    patterns = fields.texts(name, grpc.MAX_PATTERNS, grpc.MAX_PATTERN)
    if isinstance(patterns, UnsetType):
        return ()
    for pattern in patterns:
        if not _PATTERN.fullmatch(pattern):
            problem = "is neither package.Service nor package.Service.Method, with * for anything"
            fields.problem(name, f"{pattern[:80]!r} {problem}", "pattern")
    return patterns


def _descriptors(fields: Fields) -> bytes | UnsetType:
    """A FileDescriptorSet in base64, as its canonical bytes. Discovery builds it."""
    text = fields.filled("descriptors", _ENCODED, required=False)
    if isinstance(text, UnsetType):
        return UNSET
    try:
        files = pool.read(base64.b64decode(text.encode(), validate=True))
    except binascii.Error:
        fields.problem("descriptors", "must be base64 of a FileDescriptorSet", "base64")
    except DescriptorError as error:
        fields.problem("descriptors", f"can not be used: {error}", "descriptors")
    else:
        return files.SerializeToString(deterministic=True)
    return UNSET
