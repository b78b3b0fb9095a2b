"""Whether what is given for fields of bytes is base64. Pure.

Protobuf's own reader leaves out whatever is none, so that a plain text would become other bytes
without a word.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from mcpgateway.common.strict_json import Located, pointer

_BASE64 = re.compile(r"[A-Za-z0-9+/_\s-]*+(?:={1,2}\s*+)?")
_ANY = "google.protobuf.Any"  # whose bytes have another form in JSON
_WRAPPED = "google.protobuf.BytesValue"
_SAID = "must be base64 (RFC 4648, section 4 or 5)"

_At = tuple[str | int, ...]
_Field = FieldDescriptor


class Octets:
    """Of the messages of one type, and all that they hold."""

    def __init__(self, message: Descriptor) -> None:
        self._message = message
        self._fields: dict[str, Mapping[str, _Field]] = {}
        self._any = self._look(message)

    def problem(self, value: Any, at: _At) -> Located | None:
        """The first field that holds something else. `at`: where the message stands."""
        if not self._any:
            return None
        todo = [(value, self._message, at)]
        while todo:
            value, message, at = todo.pop()
            if message.full_name == _WRAPPED and not isinstance(value, dict):
                if _is_wrong(value):
                    return Located(pointer(at), _SAID)
                continue
            for inner, field, place in self._members(value, message, at):
                if field.message_type is not None:
                    todo.append((inner, field.message_type, place))
                elif _is_wrong(inner):
                    return Located(pointer(place), _SAID)
        return None

    def _look(self, message: Descriptor) -> bool:
        """Whether any of them has bytes; keeps by name, as JSON may call them, the fields that
        matter."""
        found = False
        todo = [message]
        while todo:
            each = todo.pop()
            if each.full_name in self._fields:
                continue
            fields = [field for field in each.fields if _matters(field)]
            names = [(name, field) for field in fields for name in (field.name, field.json_name)]
            self._fields[each.full_name] = {} if each.full_name == _ANY else dict(names)
            for field in fields if each.full_name != _ANY else ():
                found = found or field.type == _Field.TYPE_BYTES
                todo += [field.message_type] if field.message_type is not None else []
        return found

    def _members(
        self, value: Any, message: Descriptor, at: _At
    ) -> Iterator[tuple[Any, _Field, _At]]:
        """Of each value of a field that matters, where it is what such a field takes."""
        fields = self._fields[message.full_name]
        for name, given in value.items() if isinstance(value, dict) else ():
            field, place = fields.get(name), (*at, name)
            if field is None:
                continue
            entry = field.message_type
            if entry is not None and entry.GetOptions().map_entry:
                inner = entry.fields_by_name["value"]
                pairs = given.items() if isinstance(given, dict) and _matters(inner) else ()
                yield from ((each, inner, (*place, key)) for key, each in pairs)
            elif field.is_repeated:
                items = given if isinstance(given, list) else ()
                yield from ((each, field, (*place, at)) for at, each in enumerate(items))
            else:
                yield given, field, place


def _matters(field: _Field) -> bool:
    return field.type == _Field.TYPE_BYTES or field.message_type is not None


def _is_wrong(value: Any) -> bool:
    """What is no text, protobuf itself refuses."""
    return isinstance(value, str) and _BASE64.fullmatch(value) is None
