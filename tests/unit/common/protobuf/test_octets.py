"""What is given for bytes is base64, or is refused with its place."""

import base64
import json
from typing import Any

import pytest
from google.protobuf import any_pb2, wrappers_pb2
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.protobuf.codec import BadArguments, Codec
from mcpgateway.common.protobuf.octets import Octets
from support.grpc_service import pool

ECHO = Codec(pool(), "probe.v1.Probe.Echo")
BYTES, MESSAGE = FieldDescriptorProto.TYPE_BYTES, FieldDescriptorProto.TYPE_MESSAGE
ONE, MANY = FieldDescriptorProto.LABEL_OPTIONAL, FieldDescriptorProto.LABEL_REPEATED


def holder() -> Octets:
    """Of a message that has bytes in every way."""
    file = FileDescriptorProto(name="h.proto", package="h", syntax="proto3")
    file.dependency.extend(["google/protobuf/any.proto", "google/protobuf/wrappers.proto"])
    made = file.message_type.add(name="H")
    entry = made.nested_type.add(name="ByKeyEntry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, type=FieldDescriptorProto.TYPE_STRING, label=ONE)
    entry.field.add(name="value", number=2, type=BYTES, label=ONE)
    made.field.add(name="one_blob", number=1, type=BYTES, label=ONE, json_name="oneBlob")
    made.field.add(name="blobs", number=2, type=BYTES, label=MANY)
    made.field.add(name="by_key", number=3, type=MESSAGE, label=MANY, type_name=".h.H.ByKeyEntry")
    made.field.add(name="again", number=4, type=MESSAGE, label=MANY, type_name=".h.H")
    for number, name in ((5, "BytesValue"), (6, "Any")):
        type_name = f".google.protobuf.{name}"
        made.field.add(name=name, number=number, type=MESSAGE, label=ONE, type_name=type_name)
    built = DescriptorPool()
    for known in (any_pb2, wrappers_pb2):
        built.AddSerializedFile(known.DESCRIPTOR.serialized_pb)
    built.AddSerializedFile(file.SerializeToString())
    return Octets(built.FindMessageTypeByName("h.H"))


HOLDER = holder()


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"one_blob": "hello world!"}, "/m/one_blob"),
        ({"oneBlob": "é"}, "/m/oneBlob"),
        ({"blobs": ["AAEC", "$"]}, "/m/blobs/1"),
        ({"by_key": {"a/b": "A=A"}}, "/m/by_key/a~1b"),
        ({"again": [{}, {"again": [{"blobs": ["."]}]}]}, "/m/again/1/again/0/blobs/0"),
        ({"BytesValue": "a,b"}, "/m/BytesValue"),
    ],
)
def test_a_text_that_is_no_base64_is_told_by_its_place(value: Any, place: str) -> None:
    wrong = HOLDER.problem(value, ("m",))
    assert wrong is not None
    assert wrong.pointer == place
    assert "base64" in wrong.problem


@pytest.mark.parametrize(
    "value",
    [
        {"one_blob": None, "blobs": [], "by_key": {}, "again": [{}], "BytesValue": None},
        {"one_blob": "AAE", "oneBlob": "AA-_", "blobs": ["AAE=", "AA\nEC", ""]},
        {"Any": {"@type": "type.googleapis.com/google.protobuf.Duration", "value": "1.5s"}},
        {"blobs": "no array", "by_key": [], "again": 5},  # which protobuf refuses
        [],
    ],
)
def test_what_is_base64_or_anything_else_is_left_to_protobuf(value: Any) -> None:
    assert HOLDER.problem(value, ()) is None


@given(st.binary())
def test_all_bytes_can_be_sent(data: bytes) -> None:
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        assert HOLDER.problem({"one_blob": encode(data).decode()}, ()) is None


def test_a_call_with_such_a_text_is_not_made() -> None:
    with pytest.raises(BadArguments, match="/some_bytes: must be base64"):
        ECHO.requests(json.dumps({"some_bytes": "hello world!"}).encode())
