"""The gRPC method that is called, `bench.Items/Get`: its descriptors, and a frame of its answer."""

import base64
import struct

from google.protobuf.descriptor_pb2 import (
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

SERVICE, METHOD = "bench.Items", "Get"
PATH = f"/{SERVICE}/{METHOD}"
_STRING, _INT = FieldDescriptorProto.TYPE_STRING, FieldDescriptorProto.TYPE_INT32
_ONE, _MANY = FieldDescriptorProto.LABEL_OPTIONAL, FieldDescriptorProto.LABEL_REPEATED


def descriptors() -> FileDescriptorSet:
    file = FileDescriptorProto(name="bench.proto", package="bench", syntax="proto3")
    asked, item = file.message_type.add(name="Asked"), file.message_type.add(name="Item")
    asked.field.add(name="text", number=1, type=_STRING, label=_ONE)
    item.field.add(name="id", number=1, type=_STRING, label=_ONE)
    item.field.add(name="text", number=2, type=_STRING, label=_ONE)
    item.field.add(name="tags", number=3, type=_STRING, label=_MANY)
    item.field.add(name="size", number=4, type=_INT, label=_ONE)
    service = file.service.add(name="Items")
    service.method.add(name=METHOD, input_type=".bench.Asked", output_type=".bench.Item")
    return FileDescriptorSet(file=[file])


def encoded() -> str:
    """In base64, as `POST /gateways` takes them."""
    return base64.b64encode(descriptors().SerializeToString()).decode()


def classes() -> tuple[type[Message], type[Message]]:
    """Of the request and the answer."""
    pool = DescriptorPool()
    for file in descriptors().file:
        pool.AddSerializedFile(file.SerializeToString())
    asked, item = (pool.FindMessageTypeByName(f"bench.{name}") for name in ("Asked", "Item"))
    return GetMessageClass(asked), GetMessageClass(item)


def answer() -> bytes:
    """The body of a response: one message, not compressed."""
    _, item = classes()
    made = item(id="item-0123456789", text="0123456789", tags=["a", "b"], size=10)
    data = made.SerializeToString()
    return b"\0" + struct.pack(">I", len(data)) + data
