"""Makes tools of the methods in a set of descriptors. Pure."""

from typing import NamedTuple

from google.protobuf.descriptor_pb2 import FileDescriptorSet

from mcpgateway.common.protobuf import pool, tools
from mcpgateway.common.protobuf.comments import comments
from mcpgateway.common.protobuf.methods import methods
from mcpgateway.control_plane.registry.discovered.ports import Found
from mcpgateway.control_plane.registry.transports.grpc import GrpcOptions, chosen

MAX_TOOLS = 5000
TOTAL_BYTES = 32 * 1024 * 1024  # of all definitions together


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
        descriptor = built.FindMethodByName(method.name)
        definition = tools.definition(descriptor, method, said, outputs=options.output_schemas)
        left -= len(definition)
        if at == MAX_TOOLS or left < 0:
            limit = f"{MAX_TOOLS} methods" if left >= 0 else f"{TOTAL_BYTES} bytes of definitions"
            problems.append(f"over {limit}: {method.name} and all after it are left out")
            break
        found.append(Found(method.name, definition))
    return Catalogue(tuple(found), tuple(problems))
