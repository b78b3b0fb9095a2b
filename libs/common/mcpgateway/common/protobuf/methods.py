"""The methods of the services in a set of descriptors, each of which becomes a tool. Pure."""

from collections.abc import Iterator, Mapping

import msgspec
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

from mcpgateway.common.protobuf.comments import comments


class Method(msgspec.Struct, frozen=True):
    """`name` is `package.Service.Method`, by which `DescriptorPool.FindMethodByName` finds it;
    `service` is `package.Service`, `method` the last word. `input` and `output` are full names of
    messages."""

    name: str
    service: str
    method: str
    input: str
    output: str
    client_streaming: bool = False
    server_streaming: bool = False
    deprecated: bool = False
    comment: str = ""


def methods(files: FileDescriptorSet) -> list[Method]:
    """In the order of the files; `files` as `pool.read` answers them."""
    said = comments(files)
    return [method for file in files.file for method in _of_file(file, said)]


def _of_file(file: FileDescriptorProto, said: Mapping[str, str]) -> Iterator[Method]:
    for service in file.service:
        full_name = f"{file.package}.{service.name}".removeprefix(".")
        for method in service.method:
            name = f"{full_name}.{method.name}"
            yield Method(
                name=name,
                service=full_name,
                method=method.name,
                input=method.input_type.removeprefix("."),
                output=method.output_type.removeprefix("."),
                client_streaming=method.client_streaming,
                server_streaming=method.server_streaming,
                deprecated=method.options.deprecated or service.options.deprecated,
                comment=said.get(name, ""),
            )
