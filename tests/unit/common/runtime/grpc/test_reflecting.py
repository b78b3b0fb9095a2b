"""What is taken of a server's answers about itself."""

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionResponse as Response

from mcpgateway.common.errors import UpstreamRejected
from mcpgateway.common.protobuf import pool
from mcpgateway.common.runtime.grpc.reflecting import Reflected


def answer(*files: FileDescriptorProto) -> Response:
    response = Response()
    for file in files:
        data = file.SerializeToString()
        response.file_descriptor_response.file_descriptor_proto.append(data)
    return response


def test_what_is_imported_is_asked_for_once() -> None:
    said = Reflected()
    said.take(answer(FileDescriptorProto(name="a", dependency=["b", "c"])))
    assert said.missing(()) == ["b", "c"]
    said.take(answer(FileDescriptorProto(name="b", dependency=["a", "d"])))
    assert said.missing(["b", "c"]) == ["d"]


@pytest.mark.parametrize("files", [1, 2])
def test_no_more_imports_are_followed_than_there_may_be_files(files: int) -> None:
    """Each would be a question of ours, and a name is a few bytes of an answer."""
    names = [f"f{n}" for n in range(pool.MAX_FILES + 1)]
    each = len(names) // files + 1
    parts = [names[first : first + each] for first in range(0, len(names), each)]
    said = Reflected()
    with pytest.raises(UpstreamRejected):
        said.take(answer(*(FileDescriptorProto(name="a" + p[0], dependency=p) for p in parts)))
