"""Which JSON object a method takes and gives as a tool: what schemas promise and calls keep. Pure.

Messages are in protobuf's JSON form, with fields by their names in the .proto file. A stream is
`{"messages": [...]}`, in both directions; a single message is itself where its JSON form is an
object, else `{"value": ...}` (a StringValue, a Timestamp).
"""

from google.protobuf.descriptor import Descriptor, MethodDescriptor

MESSAGES = "messages"
VALUE = "value"

_NO_OBJECTS = frozenset(
    f"google.protobuf.{name}"
    for name in (
        "BoolValue",
        "BytesValue",
        "DoubleValue",
        "Duration",
        "FieldMask",
        "FloatValue",
        "Int32Value",
        "Int64Value",
        "ListValue",
        "StringValue",
        "Timestamp",
        "UInt32Value",
        "UInt64Value",
        "Value",
    )
)


def is_object(message: Descriptor) -> bool:
    """Whether the JSON form of such a message is always an object."""
    return message.full_name not in _NO_OBJECTS


def taken_under(method: MethodDescriptor) -> str:
    """The member of a tool's arguments that is, or holds, the request; "": all of them are."""
    return _under(method.input_type, method.client_streaming)


def given_under(method: MethodDescriptor) -> str:
    """The member of a tool's structured content that is, or holds, the response; "": all of it."""
    return _under(method.output_type, method.server_streaming)


def _under(message: Descriptor, streamed: bool) -> str:
    if streamed:
        return MESSAGES
    return "" if is_object(message) else VALUE
