"""Arguments of a tool as messages of its method, and messages as JSON. Pure.

The JSON is protobuf's own (enums by name, 64-bit integers and bytes as strings, well-known types in
their forms), with fields named as their .proto file names them; arguments may name them in camel
case, too. Fields that are always there are always told, so nobody takes a 0 for nothing said.

Arguments are the members of the one message that a method takes; of one that takes a stream, they
are `{"messages": [...]}`; where the message's JSON is no object (`VALUES`), `{"value": ...}`. What
it answers has the same three forms.
"""

import re
from collections.abc import Sequence
from typing import Any

import msgspec
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.json_format import Error, MessageToDict, ParseDict, ParseError
from google.protobuf.message import DecodeError, EncodeError, Message
from google.protobuf.message_factory import GetMessageClass

from mcpgateway.common import strict_json
from mcpgateway.common.strict_json import Located, pointer

MESSAGES = "messages"
"""The member that has the messages of a stream, of arguments and of results."""

VALUE = "value"
"""The member that has a message which is no object in JSON."""

VALUES = frozenset(
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
"""Messages that are no objects in JSON, or need not be."""

MAX_MESSAGES = 1000  # sent in one call
_MAX_SAID = 500  # characters of what is wrong with a message


class BadArguments(Exception):
    """No messages can be made of these arguments."""

    def __init__(self, problems: list[Located]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


class Unshown(Exception):
    """A message has no JSON; the message says why."""


class Codec:
    """Of one method. `path` is what it is called by in gRPC."""

    def __init__(self, pool: DescriptorPool, method: str) -> None:
        """`method` is `package.Service.Method`. Raises KeyError when there is none."""
        found: MethodDescriptor = pool.FindMethodByName(method)
        self.path = f"/{found.containing_service.full_name}/{found.name}"
        self.takes_stream: bool = found.client_streaming
        self.answers_stream: bool = found.server_streaming
        self._pool = pool
        self._input: type[Message] = GetMessageClass(found.input_type)
        self._output: type[Message] = GetMessageClass(found.output_type)

    def requests(self, arguments: bytes | msgspec.Raw) -> list[bytes]:
        """One for a method that takes no stream. Raises BadArguments, strict_json.Unreadable."""
        values = strict_json.read(arguments)
        if not isinstance(values, dict):
            raise BadArguments([Located("", "must be an object")])
        if not self.takes_stream:
            return [self._one(values)]
        messages = _messages(values)
        return [self._packed(each, (MESSAGES, i)) for i, each in enumerate(messages)]

    def response(self, data: bytes) -> Any:
        """One answered message, as JSON's values. Raises Unshown."""
        try:
            return shown(self._output.FromString(data), self._pool)
        except DecodeError as error:
            name = self._output.DESCRIPTOR.full_name
            raise Unshown(f"it is no {name}: {error}; were its descriptors changed?") from error

    def result(self, answered: Sequence[Any]) -> Any:
        """What the method says with these messages, each as `response` answers it. One that
        answers no stream has one of them."""
        if self.answers_stream:
            return {MESSAGES: answered}
        whole = answered[0]
        return {VALUE: whole} if self._output.DESCRIPTOR.full_name in VALUES else whole

    def _one(self, values: dict[str, Any]) -> bytes:
        if self._input.DESCRIPTOR.full_name not in VALUES:
            return self._packed(values)
        if values.keys() != {VALUE}:
            raise BadArguments([Located("", f"must be an object with one member, {VALUE!r}")])
        return self._packed(values[VALUE], (VALUE,))

    def _packed(self, value: Any, at: Sequence[str | int] = ()) -> bytes:
        message = self._input()
        if not isinstance(value, dict) and message.DESCRIPTOR.full_name not in VALUES:
            raise BadArguments([Located(pointer(at), "must be an object")])
        try:
            ParseDict(value, message, descriptor_pool=self._pool)
            return message.SerializeToString()
        except (ParseError, EncodeError, ValueError, TypeError) as error:
            said = self._mended(" ".join(str(error).split()))
            raise BadArguments([Located(pointer(at), said[:_MAX_SAID])]) from error
        except RecursionError:
            raise BadArguments([Located(pointer(at), "is nested too deeply")]) from None

    def _mended(self, said: str) -> str:
        """What protobuf says, without the way to it, and with fields named as we name them."""
        said = _WAY.sub("", said).rstrip(".")
        unknown = _UNKNOWN.search(said)
        if unknown is None:
            return said
        known = ", ".join(self._pool.FindMessageTypeByName(unknown[1]).fields_by_name)
        there = f"it has {known}" if known else "it has none"
        return f"{unknown[1]} has no field {unknown[2]!r} (at {unknown[3]}); {there}"


_WAY = re.compile(r"(?:Failed to parse \w+ field: )+")
_UNKNOWN = re.compile(r'Message type "([\w.]+)" has no field named "(.*?)" at "(.*?)"\.')


def shown(message: Message, pool: DescriptorPool) -> Any:
    """A message as JSON's values. `pool` has the types that an `Any` may hold. Raises Unshown."""
    try:
        return MessageToDict(
            message,
            always_print_fields_with_no_presence=True,
            preserving_proto_field_name=True,
            descriptor_pool=pool,
        )
    except (Error, TypeError, ValueError, RecursionError) as error:
        raise Unshown(" ".join(str(error).split())[:_MAX_SAID]) from error


def _messages(values: dict[str, Any]) -> list[Any]:
    found = values.get(MESSAGES)
    if not isinstance(found, list):
        raise BadArguments(
            [Located(pointer([MESSAGES]), "must be an array, the stream's messages")]
        )
    unknown = [name for name in values if name != MESSAGES]
    if unknown:
        said = f"is unknown: the members of each message go into {MESSAGES!r}"
        raise BadArguments([Located(pointer([name]), said) for name in unknown[:20]])
    if len(found) > MAX_MESSAGES:
        said = f"has {len(found)} messages; at most {MAX_MESSAGES} are sent"
        raise BadArguments([Located(pointer([MESSAGES]), said)])
    return found
