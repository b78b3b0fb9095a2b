"""Protobuf's own messages: their schemas hold for what protobuf makes of them."""

from typing import Any

import jsonschema_rs
import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.empty_pb2 import Empty
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import ListValue, Struct, Value
from google.protobuf.timestamp_pb2 import Timestamp
from google.protobuf.wrappers_pb2 import (
    BoolValue,
    BytesValue,
    DoubleValue,
    FloatValue,
    Int32Value,
    Int64Value,
    StringValue,
    UInt32Value,
    UInt64Value,
)

from mcpgateway.common.protobuf import well_known

_PACKED = AnyMessage()
_PACKED.Pack(Duration(seconds=3))


@pytest.mark.parametrize(
    "message",
    [
        _PACKED,
        AnyMessage(),
        BoolValue(value=True),
        BytesValue(value=b"\xff"),
        DoubleValue(value=float("inf")),
        Duration(seconds=-3, nanos=-5),
        Empty(),
        FieldMask(paths=["a.b_c"]),
        FloatValue(value=1.5),
        Int32Value(value=-1),
        Int64Value(value=-(2**63)),
        ListValue(values=[Value(bool_value=True)]),
        StringValue(value="x"),
        Struct(fields={"a": Value(null_value=0)}),  # type: ignore[arg-type]  # an enum's number
        Timestamp(seconds=1, nanos=1000),
        UInt32Value(value=1),
        UInt64Value(value=2**64 - 1),
        Value(string_value="x"),
    ],
    ids=lambda message: type(message).__name__,
)
def test_the_json_form_of_each_is_as_its_schema_says(message: Any) -> None:
    schema = well_known.own(message.DESCRIPTOR.full_name, "given")

    assert schema is not None
    jsonschema_rs.validate(schema, MessageToDict(message))


def test_messages_of_others_have_no_form_of_their_own() -> None:
    assert well_known.own("evil.Timestamp", "taken") is None
    assert well_known.own("google.protobuf.FileDescriptorProto", "taken") is None
