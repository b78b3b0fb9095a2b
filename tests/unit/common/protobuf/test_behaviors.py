"""`google.api.field_behavior`, whichever way it was written."""

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pb2 import FieldOptions, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool

from mcpgateway.common.protobuf.behaviors import behaviors

_UNPACKED, _PACKED = b"\xe0\x41", b"\xe2\x41"  # the tags of field 1052


def _field(options: bytes) -> FieldDescriptor:
    file = FileDescriptorProto(name="f.proto")
    field = file.message_type.add(name="M").field.add(name="x", number=1, type=9, label=1)
    field.options.CopyFrom(FieldOptions.FromString(options))
    found: FieldDescriptor = (
        (DescriptorPool().AddSerializedFile(file.SerializeToString()))
        .message_types_by_name["M"]
        .fields[0]
    )
    return found


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (b"", set()),
        (FieldOptions(deprecated=True).SerializeToString(), set()),
        (_UNPACKED + b"\x02" + _UNPACKED + b"\x03", {2, 3}),
        (_PACKED + b"\x02\x02\x04", {2, 4}),
        (_PACKED + b"\x01\xff", {255}),
    ],
)
def test_behaviors_are_read_packed_or_not(options: bytes, found: set[int]) -> None:
    read = behaviors(_field(options))

    assert read == found
