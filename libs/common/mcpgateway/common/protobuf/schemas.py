"""JSON Schemas (2020-12) of what a method takes and gives, in the shapes of `codec`. Pure.

A message that is used in one place is written there; what is used in several, or holds itself, is
in `$defs` under its full name. Hostile descriptors make no endless schema: what is beyond
`MAX_FIELDS` is said to be an object of its name, and no more.
"""

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf.descriptor import (
    Descriptor,
    EnumDescriptor,
    FieldDescriptor,
    MethodDescriptor,
    OneofDescriptor,
)

from mcpgateway.common.protobuf import well_known
from mcpgateway.common.protobuf.behaviors import INPUT_ONLY, OUTPUT_ONLY, REQUIRED, behaviors
from mcpgateway.common.protobuf.codec import MAX_MESSAGES, MESSAGES, VALUE, VALUES
from mcpgateway.common.protobuf.well_known import Direction, Schema

MAX_FIELDS = 500  # of all messages of one schema, and values of its enums
MAX_DESCRIPTION = 1000  # characters of what is said of one thing
_INLINE_DEPTH = 6
_EXCLUSIVE = 6  # members of a oneof that are excluded pair by pair; of more it is only said
_NULL = "google.protobuf.NullValue"

Said = Mapping[str, str]  # comments by full name, as `comments.comments` finds them
_Type = Descriptor | EnumDescriptor


def taken(method: MethodDescriptor, said: Said) -> Schema:
    """Of its arguments as a tool."""
    schema = _Schemas(method.input_type, "taken", said).whole()
    return _shaped(schema, method.input_type, method.client_streaming, {"maxItems": MAX_MESSAGES})


def given(method: MethodDescriptor, said: Said) -> Schema:
    """Of its structured content."""
    schema = _Schemas(method.output_type, "given", said).whole()
    return _shaped(schema, method.output_type, method.server_streaming, {})


def _shaped(schema: Schema, message: Descriptor, streamed: bool, limits: Schema) -> Schema:
    if not streamed and message.full_name not in VALUES:
        return schema
    name = MESSAGES if streamed else VALUE
    shared = schema.pop("$defs", None)
    member = {"type": "array", "items": schema, **limits} if streamed else schema
    whole: Schema = {"type": "object", "properties": {name: member}, "required": [name]}
    return whole | {"$defs": shared} if shared else whole


class _Schemas:
    """Those of one message and of all that it holds, in one direction."""

    def __init__(self, root: Descriptor, direction: Direction, said: Said) -> None:
        self._root = root
        self._direction = direction
        self._said = said
        self._uses: Counter[str] = Counter({root.full_name: 1})
        self._within: set[str] = set()  # what is written out
        self._survey()
        self._shared: dict[str, _Type] = {}
        self._to_define: deque[_Type] = deque()

    def whole(self) -> Schema:
        schema = self._body(self._root, 0)
        defined: dict[str, Schema] = {}
        while self._to_define:
            shared = self._to_define.popleft()
            defined[shared.full_name] = self._body(shared, 0)
        return schema | {"$defs": defined} if defined else schema

    def _survey(self) -> None:
        """Breadth first, so that what is near the root is written out rather than what is deep."""
        left = MAX_FIELDS
        todo: deque[_Type] = deque([self._root])
        while todo:
            each = todo.popleft()
            left -= len(each.fields) if isinstance(each, Descriptor) else len(each.values)
            if left < 0:
                return
            self._within.add(each.full_name)
            for type in self._held(each) if isinstance(each, Descriptor) else ():
                self._uses[type.full_name] += 1
                if self._uses[type.full_name] == 1:
                    todo.append(type)

    def _held(self, message: Descriptor) -> Iterator[_Type]:
        if well_known.own(message.full_name, self._direction) is not None:
            return
        for field in self._fields(message):
            type = _value_field(field)
            held: _Type | None = type.message_type or type.enum_type
            if held is not None:
                yield held

    def _fields(self, message: Descriptor) -> Iterator[FieldDescriptor]:
        """Those that are said in this direction."""
        unsaid = OUTPUT_ONLY if self._direction == "taken" else INPUT_ONLY
        return (field for field in message.fields if unsaid not in behaviors(field))

    def _body(self, type: _Type, depth: int) -> Schema:
        if type.full_name not in self._within:
            kind = "object" if isinstance(type, Descriptor) else "string"
            return {"type": kind, "description": f"A {type.full_name}."}
        return self._enum(type) if isinstance(type, EnumDescriptor) else self._message(type, depth)

    def _message(self, message: Descriptor, depth: int) -> Schema:
        own = well_known.own(message.full_name, self._direction)
        if own is not None:
            return dict(own)
        fields = list(self._fields(message))
        schema: Schema = {"type": "object"}
        exclusive = [each for each in message.oneofs if len(each.fields) > 1]
        words = [self._said.get(message.full_name, ""), *map(_choice, exclusive)]
        _describe(schema, "\n".join(filter(None, words)))
        schema["properties"] = {field.name: self._field(field, depth + 1) for field in fields}
        required = [field.name for field in fields if self._required(field)]
        if required:
            schema["required"] = required
        if self._direction == "taken" and exclusive:
            schema |= _excluding(exclusive)
        return schema

    def _required(self, field: FieldDescriptor) -> bool:
        asked = self._direction == "taken" and REQUIRED in behaviors(field)
        return field.is_required or asked

    def _field(self, field: FieldDescriptor, depth: int) -> Schema:
        if _entry(field):
            values = self._value(_value_field(field), depth)
            schema: Schema = {"type": "object", "additionalProperties": values}
        elif field.is_repeated:
            schema = {"type": "array", "items": self._value(field, depth)}
        else:
            schema = self._value(field, depth)
        said = self._said.get(field.full_name, "")
        if field.has_options and field.GetOptions().deprecated:
            schema = schema | {"deprecated": True}
        return _describe(dict(schema), said) if said else schema

    def _value(self, field: FieldDescriptor, depth: int) -> Schema:
        """Of one value of the field."""
        type: _Type | None = field.message_type or field.enum_type
        if type is None:
            return well_known.scalar(field.type, self._direction)
        alone = self._uses[type.full_name] == 1 and depth < _INLINE_DEPTH
        if alone or _small(type) or type.full_name not in self._within:
            return self._body(type, depth)
        if type.full_name not in self._shared:
            self._shared[type.full_name] = type
            self._to_define.append(type)
        return {"$ref": f"#/$defs/{type.full_name}"}

    def _enum(self, enum: EnumDescriptor) -> Schema:
        if enum.full_name == _NULL:
            return {"type": "null"}
        names = [value.name for value in enum.values]
        schema: Schema = {"type": "string", "enum": names}
        if self._direction == "given" and not enum.is_closed:
            schema = {"anyOf": [schema, {"type": "integer"}]}
        told = ((name, self._said.get(f"{enum.full_name}.{name}", "")) for name in names)
        values = [f"{name}: {' '.join(text.split())}" for name, text in told if text]
        return _describe(schema, "\n".join([self._said.get(enum.full_name, ""), *values]).strip())


def _describe(schema: Schema, text: str) -> Schema:
    if text:
        schema["description"] = text[:MAX_DESCRIPTION]
    return schema


def _choice(oneof: OneofDescriptor) -> str:
    return f"At most one of {', '.join(field.name for field in oneof.fields)}."


def _excluding(exclusive: list[OneofDescriptor]) -> Schema:
    """That who gives one member of a oneof gives none of the others."""
    rules: dict[str, Any] = {}
    for oneof in exclusive:
        names = [field.name for field in oneof.fields]
        if len(names) <= _EXCLUSIVE:
            for name in names:
                others = {other: False for other in names if other != name}
                rules[name] = {"properties": others}
    return {"dependentSchemas": rules} if rules else {}


def _small(type: _Type) -> bool:
    """Whether it is as well said again as referred to."""
    return isinstance(type, Descriptor) and well_known.own(type.full_name, "given") is not None


def _entry(field: FieldDescriptor) -> Descriptor | None:
    """Of a map, the message that its pairs are."""
    message: Descriptor | None = field.message_type
    return message if message is not None and message.GetOptions().map_entry else None


def _value_field(field: FieldDescriptor) -> FieldDescriptor:
    """Of a map, that of its values."""
    entry = _entry(field)
    return field if entry is None else entry.fields_by_name["value"]
