"""Arguments of a tool as messages of its method, and messages as JSON. Pure.

The JSON is protobuf's own (enums by name, 64-bit integers and bytes as strings, well-known types in
their forms), with fields named as their .proto file names them; arguments may name them in camel
case, too. Fields that are always there are always told, so nobody takes a 0 for nothing said.

Arguments are the members of the one message that a method takes; of one that takes a stream, they
are `{"messages": [...]}`; where the message's JSON is no object (`VALUES`), `{"value": ...}`. What
it answers has the same three forms.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from google.protobuf.descriptor import Descriptor, MethodDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.json_format import Error, MessageToDict, ParseDict, ParseError
from google.protobuf.message import DecodeError, EncodeError, Message
from google.protobuf.message_factory import GetMessageClass

from mcpgateway.common import strict_json
from mcpgateway.common.protobuf import refusals
from mcpgateway.common.protobuf.octets import Octets
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
_MAX_SAID = 500  # characters of why a message has no JSON


class BadArguments(Exception):
    """No messages can be made of these arguments."""

    def __init__(self, problems: list[Located]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


class Unshown(Exception):
    """A message has no JSON; this says why."""


class Codec:
    """Of one method. `path` is what it is called by in gRPC."""

    def __init__(self, pool: DescriptorPool, method: str) -> None:
        """`method` is `package.Service.Method`. Raises KeyError when there is none."""
        found: MethodDescriptor = pool.FindMethodByName(method)
        self.path = f"/{found.containing_service.full_name}/{found.name}"
        self.takes_stream: bool = found.client_streaming
        self.answers_stream: bool = found.server_streaming
        self._pool = pool
        self._taken = _under(found.input_type, found.client_streaming)
        self._given = _under(found.output_type, found.server_streaming)
        self._input: type[Message] = GetMessageClass(found.input_type)
        self._output: type[Message] = GetMessageClass(found.output_type)
        self._octets = Octets(found.input_type)

    def requests(self, arguments: bytes | msgspec.Raw) -> list[bytes]:
        """One for a method that takes no stream. Raises BadArguments, strict_json.Unreadable."""
        values = strict_json.read(arguments)
        if not isinstance(values, dict):
            raise BadArguments([Located("", "must be an object")])
        if not self._taken:
            return [self._packed(values, ())]
        under = _only(values, self._taken)
        if not self.takes_stream:
            return [self._packed(under, (self._taken,))]
        return [self._packed(each, (self._taken, i)) for i, each in enumerate(_stream(under))]

    def response(self, data: bytes) -> Any:
        """One answered message, as JSON's values. Raises Unshown."""
        try:
            return shown(self._output.FromString(data), self._pool)
        except DecodeError as error:
            name = self._output.DESCRIPTOR.full_name
            raise Unshown(f"it is no {name}, as its descriptors have it: {error}") from error

    def result(self, answered: Sequence[Any]) -> Any:
        """What the method says with these messages, each as `response` answers it. One that
        answers no stream has one of them."""
        whole = answered if self.answers_stream else answered[0]
        return {self._given: whole} if self._given else whole

    def _packed(self, value: Any, at: tuple[str | int, ...]) -> bytes:
        message = self._input()
        if not isinstance(value, dict) and message.DESCRIPTOR.full_name not in VALUES:
            raise BadArguments([Located(pointer(at), "must be an object")])
        wrong = self._octets.problem(value, at)
        if wrong is not None:
            raise BadArguments([wrong])
        try:
            ParseDict(value, message, descriptor_pool=self._pool)
            return message.SerializeToString()
        except (ParseError, EncodeError, ValueError, TypeError) as error:
            said = refusals.told(error, self._pool)
        except RecursionError:
            said = "is nested too deeply"
        raise BadArguments([Located(pointer(at), said)])


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


def _under(message: Descriptor, streamed: bool) -> str:
    """The member that is, or holds, what is said; "": all of them are."""
    if streamed:
        return MESSAGES
    return VALUE if message.full_name in VALUES else ""


def _only(values: dict[str, Any], member: str) -> Any:
    if values.keys() == {member}:
        return values[member]
    said = f"must be an object with one member, {member!r}"
    raise BadArguments([Located("", said)])


def _stream(found: Any) -> list[Any]:
    at = pointer([MESSAGES])
    if not isinstance(found, list):
        raise BadArguments([Located(at, "must be an array, of the messages of the stream")])
    if len(found) > MAX_MESSAGES:
        said = f"has {len(found)} messages; at most {MAX_MESSAGES} are sent"
        raise BadArguments([Located(at, said)])
    return found
