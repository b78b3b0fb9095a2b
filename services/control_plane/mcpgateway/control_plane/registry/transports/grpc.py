"""What an upstream of the transport GRPC is given beside the URL of its service. Pure."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import msgspec
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from mcpgateway.common.protobuf import pool
from mcpgateway.common.protobuf.methods import Method, methods

MAX_PATTERNS = 500
MAX_PATTERN = 512  # characters

# What a service offers about itself; a tool only where it is asked for by its name.
_ABOUT = (
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
    "grpc.health.v1.Health",
    "grpc.channelz.v1.Channelz",
)


class GrpcOptions(msgspec.Struct, frozen=True, omit_defaults=True):
    """`reflection`: whether the server is asked for its descriptors; else they were given by hand.
    `include` names methods (`package.Service.Method`) and whole services, with `*` for anything;
    empty: all but those about the server itself, as health. None that `exclude` names becomes a
    tool. `deprecated`: whether what is, is taken. `output_schemas`: whether tools say what they
    answer."""

    reflection: bool = True
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    deprecated: bool = True
    output_schemas: bool = True


def read(options: Mapping[str, Any]) -> GrpcOptions:
    """As they are kept. Raises msgspec.ValidationError."""
    return msgspec.convert(options, GrpcOptions)


def kept(options: GrpcOptions) -> dict[str, Any]:
    """What `read` reads, as the store gives it back."""
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(options))
    return found


def chosen(options: GrpcOptions, method: Method) -> bool:
    """Whether it becomes a tool."""
    if method.deprecated and not options.deprecated:
        return False
    named = bool(options.include) and _named(options.include, method)
    usual = not options.include and not about_itself(method.service)
    return (named or usual) and not _named(options.exclude, method)


def _named(patterns: tuple[str, ...], method: Method) -> bool:
    return any(
        fnmatchcase(method.name, pattern) or fnmatchcase(method.service, pattern)
        for pattern in patterns
    )


def about_itself(service: str) -> bool:
    """Whether it is one that a server offers about itself."""
    return service in _ABOUT


def needed(options: GrpcOptions, files: FileDescriptorSet) -> FileDescriptorSet:
    """Of a complete set the files that the chosen methods need, in the same order."""
    wanted = {method.service for method in methods(files) if chosen(options, method)}
    keep: set[str] = set()
    for file in reversed(files.file):
        names = {f"{file.package}.{service.name}".removeprefix(".") for service in file.service}
        if file.name in keep or names & wanted:
            keep.update((file.name, *file.dependency))
    return FileDescriptorSet(file=[file for file in files.file if file.name in keep])


def packed(options: Mapping[str, Any], document: bytes) -> bytes:
    """What data planes get of a document, which is a set as `pool.read` reads it: the files that
    its tools need, without comments, compressed. Raises DescriptorError."""
    files = pool.read(document)
    return pool.pack(needed(read(options), files))
