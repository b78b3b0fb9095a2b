"""What the authors of .proto files wrote above their declarations, by full name. Pure.

There is something only where a set was made with `--include_source_info`; servers that reflect
seldom have it.
"""

from collections.abc import Iterable, Iterator

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)

MAX_LENGTH = 4000  # characters of one comment

# Field numbers of google/protobuf/descriptor.proto, of which paths of locations are made.
_FILE_MESSAGE, _FILE_ENUM, _FILE_SERVICE = 4, 5, 6
_SERVICE_METHOD = 2
_MESSAGE_FIELD, _MESSAGE_NESTED, _MESSAGE_ENUM, _MESSAGE_ONEOF = 2, 3, 4, 8
_ENUM_VALUE = 2

Path = tuple[int, ...]
Named = tuple[Path, str]


def comments(files: FileDescriptorSet) -> dict[str, str]:
    """Of services, methods, messages, fields, oneofs, enums by their full names; of a value of an
    enum by `package.Enum.VALUE`."""
    found: dict[str, str] = {}
    for file in files.file:
        said = dict(_said(file))
        if said:
            found.update((name, said[path]) for path, name in _named(file) if path in said)
    return found


def _said(file: FileDescriptorProto) -> Iterator[tuple[Path, str]]:
    for location in file.source_code_info.location:
        text = _text(location.leading_comments) or _text(location.trailing_comments)
        if text:
            yield tuple(location.path), text


def _text(comment: str | bytes) -> str:
    """Without the blank before each line, and without the lines that say things to linters. What is
    not UTF-8, which protobuf gives as bytes, is no text."""
    if isinstance(comment, bytes):
        return ""
    lines = (line.strip() for line in comment.splitlines())
    kept = (line for line in lines if not line.startswith(("buf:lint:", "(--", "@exclude")))
    return "\n".join(kept).strip()[:MAX_LENGTH]


def _named(file: FileDescriptorProto) -> Iterator[Named]:
    scope = f"{file.package}." if file.package else ""
    for index, service in enumerate(file.service):
        path = (_FILE_SERVICE, index)
        yield path, scope + service.name
        for at, method in enumerate(service.method):
            yield (*path, _SERVICE_METHOD, at), f"{scope}{service.name}.{method.name}"
    yield from _of_enums(file.enum_type, (_FILE_ENUM,), scope)
    for index, message in enumerate(file.message_type):
        yield from _of_message(message, (_FILE_MESSAGE, index), scope)


def _of_message(message: DescriptorProto, path: Path, scope: str) -> Iterator[Named]:
    """Recursive: protobuf reads no nesting deeper than 100."""
    full_name = scope + message.name
    inner = f"{full_name}."
    yield path, full_name
    for index, field in enumerate(message.field):
        yield (*path, _MESSAGE_FIELD, index), inner + field.name
    for index, oneof in enumerate(message.oneof_decl):
        yield (*path, _MESSAGE_ONEOF, index), inner + oneof.name
    yield from _of_enums(message.enum_type, (*path, _MESSAGE_ENUM), inner)
    for index, nested in enumerate(message.nested_type):
        yield from _of_message(nested, (*path, _MESSAGE_NESTED, index), inner)


def _of_enums(enums: Iterable[EnumDescriptorProto], path: Path, scope: str) -> Iterator[Named]:
    for index, enum in enumerate(enums):
        own = (*path, index)
        yield own, scope + enum.name
        for at, value in enumerate(enum.value):
            yield (*own, _ENUM_VALUE, at), f"{scope}{enum.name}.{value.name}"
