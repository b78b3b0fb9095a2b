"""Deltas and snapshots as bytes: protobuf, one field of the same name for each field of the model.

A body is a RoutingDelta. Large ones are encoded and decoded record by record, in slices, so that
a snapshot does not stop the event loop. Kinds of resources that this version does not know are
passed over: a newer control plane may publish them.
"""

from collections.abc import Generator, Iterator
from typing import Any, get_args

from google.protobuf.message import DecodeError

from mcpgateway.common.gen.gateway.v1 import routing_pb2 as pb
from mcpgateway.common.routing.delta import finish
from mcpgateway.common.routing.model import PUBLIC, Access, Delta, Key, Origin, Record

Body = bytes | bytearray

STEP = 16  # records between two yields

_CLASSES: dict[str, Any] = {cls.__struct_defaults__[-1]: cls for cls in get_args(Record)}
_APART = frozenset(("access", "origin", "kind"))
_PLAIN = {
    kind: tuple(name for name in cls.__struct_fields__ if name not in _APART)
    for kind, cls in _CLASSES.items()
}
_HAS_ACCESS = {kind: "access" in cls.__struct_fields__ for kind, cls in _CLASSES.items()}

_UPSERTS = pb.RoutingDelta.UPSERTS_FIELD_NUMBER
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5


class CodecError(ValueError):
    """Bytes that are not what they should be."""


def encode(delta: Delta) -> bytes:
    return finish(encoding(delta))


def encoding(delta: Delta) -> Generator[None, None, bytes]:
    """The same in slices: yields every few records, returns the body."""
    head = pb.RoutingDelta(
        registry=delta.registry,
        base=delta.base,
        revision=delta.revision,
        deletes=[pb.Key(kind=key.kind, id=key.id) for key in delta.deletes],
    )
    # Concatenated messages are one message (protobuf: "merging").
    parts = [head.SerializeToString()]
    for n, record in enumerate(delta.upserts, 1):
        parts.append(pb.RoutingDelta(upserts=[_to_proto(record)]).SerializeToString())
        if n % STEP == 0:
            yield
    return b"".join(parts)


def decode(body: Body) -> Delta:
    """Raises CodecError."""
    return finish(decoding(body))


def decoding(body: Body) -> Generator[None, None, Delta]:
    """The same in slices: yields every few records, returns the delta. Raises CodecError."""
    head: list[bytes] = []
    upserts: list[Record] = []
    shared = _Shared()
    try:
        for n, (number, field) in enumerate(_fields(body), 1):
            if number != _UPSERTS:
                head.append(field)
            elif (record := shared.from_proto(pb.Record.FromString(field))) is not None:
                upserts.append(record)
            if n % STEP == 0:
                yield
        rest = pb.RoutingDelta.FromString(b"".join(head))
    except DecodeError as error:
        raise CodecError("not a routing delta") from error
    deletes = tuple(
        Key(key.kind, key.id)  # type: ignore[arg-type]  # it is one of _CLASSES
        for key in rest.deletes
        if key.kind in _CLASSES
    )
    return Delta(rest.registry, rest.base, rest.revision, tuple(upserts), deletes)


def _fields(body: Body) -> Iterator[tuple[int, bytes]]:
    """The top-level fields of a message: the number, and the value of an upsert or else the
    whole field."""
    at = 0
    while at < len(body):
        start = at
        tag, at = _varint(body, at)
        value_at = at
        wire_type = tag & 7
        if wire_type == _VARINT:
            _, at = _varint(body, at)
        elif wire_type == _LENGTH:
            length, value_at = _varint(body, at)
            at = value_at + length
        elif wire_type in (_FIXED64, _FIXED32):
            at += 8 if wire_type == _FIXED64 else 4
        else:
            raise CodecError(f"unknown wire type {wire_type}")
        if at > len(body):
            raise CodecError("the body is cut off")
        number = tag >> 3
        yield number, bytes(body[value_at if number == _UPSERTS else start : at])


def _varint(body: Body, at: int) -> tuple[int, int]:
    """The number at a position, and the position after it."""
    number = 0
    for shift in range(0, 64, 7):
        if at >= len(body):
            raise CodecError("the body is cut off")
        byte = body[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
    raise CodecError("a number has too many digits")


def _to_proto(record: Record) -> pb.Record:
    kind = record.kind
    fields = {name: getattr(record, name) for name in _PLAIN[kind]}
    origin = record.origin
    fields["origin"] = {"cluster": origin.cluster, "id": origin.id, "revision": origin.revision}
    access: Access | None = getattr(record, "access", None)
    if access is not None:
        fields["access"] = {
            "visibility": access.visibility,
            "team": access.team,
            "owner": access.owner,
        }
    return pb.Record(**{kind: fields})


class _Shared:
    """Makes records of one body, with one object for each text and access that they repeat."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._accesses: dict[tuple[str, str, str], Access] = {("public", "", ""): PUBLIC}

    def from_proto(self, message: pb.Record) -> Record | None:
        """None for a kind that is not known here."""
        kind = message.WhichOneof("record")
        if kind is None:
            return None
        inner = getattr(message, kind)
        fields = {name: self._plain(getattr(inner, name)) for name in _PLAIN[kind]}
        origin = inner.origin
        fields["origin"] = Origin(
            self._text(origin.cluster),
            fields["id"] if origin.id == fields["id"] else origin.id,
            origin.revision,
        )
        if _HAS_ACCESS[kind]:
            fields["access"] = self._access(inner.access)
        if "upstream" in fields:
            fields["upstream"] = self._text(fields["upstream"])
        record: Record = _CLASSES[kind](**fields)
        return record

    def _plain(self, value: Any) -> Any:
        """Repeated fields as tuples, the rest as it is."""
        return value if isinstance(value, str | bytes | int | float) else tuple(value)

    def _text(self, text: str) -> str:
        return self._texts.setdefault(text, text)

    def _access(self, access: pb.Access) -> Access:
        key = (access.visibility, access.team, access.owner)
        found = self._accesses.get(key)
        if found is None:
            # Whether the visibility is one that we know is the table's to judge.
            found = self._accesses[key] = Access(*key)  # type: ignore[arg-type]  # any text
        return found
