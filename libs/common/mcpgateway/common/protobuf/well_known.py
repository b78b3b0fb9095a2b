"""The JSON Schemas of protobuf's scalar types and of its own messages. Pure.

They describe protobuf's JSON form (https://protobuf.dev/programming-guides/json). What is taken and
what is given differ where the form has words that nobody should say without need: NaN, a number
for a value of an enum that this release does not know.
"""

from typing import Any, Literal

from google.protobuf.descriptor import FieldDescriptor

Schema = dict[str, Any]
Direction = Literal["taken", "given"]

_INTEGER: Schema = {"type": "integer"}
_UNSIGNED: Schema = {"type": "integer", "minimum": 0}
_LONG: Schema = {"type": "string", "pattern": "^-?[0-9]+$", "description": "An integer in digits."}
_UNSIGNED_LONG: Schema = {
    "type": "string",
    "pattern": "^[0-9]+$",
    "description": "An integer in digits.",
}
_NUMBER: Schema = {"type": "number"}
_ANY_NUMBER: Schema = {"anyOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}]}
_TEXT: Schema = {"type": "string"}
_BYTES: Schema = {"type": "string", "contentEncoding": "base64"}
_TRUTH: Schema = {"type": "boolean"}

_FLOATS = frozenset((FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT))
_SCALARS: dict[int, Schema] = {
    FieldDescriptor.TYPE_INT32: _INTEGER,
    FieldDescriptor.TYPE_SINT32: _INTEGER,
    FieldDescriptor.TYPE_SFIXED32: _INTEGER,
    FieldDescriptor.TYPE_UINT32: _UNSIGNED,
    FieldDescriptor.TYPE_FIXED32: _UNSIGNED,
    FieldDescriptor.TYPE_INT64: _LONG,
    FieldDescriptor.TYPE_SINT64: _LONG,
    FieldDescriptor.TYPE_SFIXED64: _LONG,
    FieldDescriptor.TYPE_UINT64: _UNSIGNED_LONG,
    FieldDescriptor.TYPE_FIXED64: _UNSIGNED_LONG,
    FieldDescriptor.TYPE_BOOL: _TRUTH,
    FieldDescriptor.TYPE_STRING: _TEXT,
    FieldDescriptor.TYPE_BYTES: _BYTES,
}
_OWN: dict[str, Schema] = {
    "Any": {
        "type": "object",
        "properties": {"@type": {"type": "string"}},
        "description": 'A message of any type: its fields, and "@type": "type.googleapis.com/..."; '
        'one whose JSON is no object is under "value".',
    },
    "BoolValue": _TRUTH,
    "BytesValue": _BYTES,
    "Duration": {
        "type": "string",
        "pattern": r"^-?[0-9]+(\.[0-9]{1,9})?s$",
        "description": "Seconds, as in 1.5s.",
    },
    "Empty": {"type": "object"},
    "FieldMask": {"type": "string", "description": "Field paths in camelCase, comma-separated."},
    "Int32Value": _INTEGER,
    "Int64Value": _LONG,
    "ListValue": {"type": "array"},
    "StringValue": _TEXT,
    "Struct": {"type": "object"},
    "Timestamp": {"type": "string", "format": "date-time"},
    "UInt32Value": _UNSIGNED,
    "UInt64Value": _UNSIGNED_LONG,
    "Value": {},
}
_OWN_FLOATS = ("DoubleValue", "FloatValue")
_PREFIX = "google.protobuf."


def scalar(type: int, direction: Direction) -> Schema:
    """Of a field's type that is no message and no enum."""
    if type in _FLOATS:
        return _ANY_NUMBER if direction == "given" else _NUMBER
    return _SCALARS[type]


def own(full_name: str, direction: Direction) -> Schema | None:
    """Of a message with a JSON form of its own; None for all others."""
    if not full_name.startswith(_PREFIX):
        return None
    name = full_name.removeprefix(_PREFIX)
    if name in _OWN_FLOATS:
        return scalar(FieldDescriptor.TYPE_DOUBLE, direction)
    return _OWN.get(name)
