"""Receipts: what a replica says of the table that it serves."""

import msgspec
from google.protobuf.message import DecodeError

from mcpgateway.common.gen.gateway.v1 import routing_pb2 as pb
from mcpgateway.common.routing.codec import CodecError
from mcpgateway.common.routing.model import Fault

MAX_FAULTS = 200
MAX_PROBLEM = 300  # characters
MAX_TEXT = 256  # characters of any other text
MAX_SIZE = 512 * 1024  # bytes of a whole receipt


class Receipt(msgspec.Struct, frozen=True):
    """`registry` and `revision` of the table held ("" and 0: none yet). `applied_at` and
    `started_at` in Unix seconds. `faults` are at most 200, problems cut at 300 characters."""

    replica: str
    registry: str
    revision: int
    applied_at: float
    faults: tuple[Fault, ...]
    address: str
    started_at: float
    version: str
    draining: bool = False
    source: str = "nats"


def encode(receipt: Receipt) -> bytes:
    fields = msgspec.structs.asdict(receipt)
    fields["faults"] = [
        pb.Fault(kind=each.kind, id=each.id, problem=each.problem[:MAX_PROBLEM])
        for each in receipt.faults[:MAX_FAULTS]
    ]
    return pb.Receipt(**fields).SerializeToString()


def decode(raw: bytes) -> Receipt:
    """Cuts what is too long. Raises CodecError."""
    if len(raw) > MAX_SIZE:
        raise CodecError(f"a receipt has at most {MAX_SIZE} bytes, got {len(raw)}")
    try:
        message = pb.Receipt.FromString(raw)
    except DecodeError as error:
        raise CodecError("not a receipt") from error
    faults = tuple(
        Fault(each.kind[:MAX_TEXT], each.id[:MAX_TEXT], each.problem[:MAX_PROBLEM])
        for each in message.faults[:MAX_FAULTS]
    )
    return Receipt(
        replica=message.replica[:MAX_TEXT],
        registry=message.registry[:MAX_TEXT],
        revision=message.revision,
        applied_at=message.applied_at,
        faults=faults,
        address=message.address[:MAX_TEXT],
        started_at=message.started_at,
        version=message.version[:MAX_TEXT],
        draining=message.draining,
        source=message.source[:MAX_TEXT],
    )
