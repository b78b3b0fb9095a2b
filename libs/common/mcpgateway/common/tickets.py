"""Tickets: what the control plane asks of a runner, sealed so that nobody else can have said it.

Data planes carry them (header `HEADER`) and can neither read nor make one: the ring is
`keys.runner_ring`. A ticket is good for the one purpose and upstream that it was made for; what was
made for another does not open. It says when it was made, which tells a newer one from an older.
Pure: nonce and time come in.
"""

from typing import Any, Literal, TypeVar

import msgspec

from mcpgateway.common import seal

HEADER = b"x-mcpgateway-ticket"
MOST_BYTES = 32 * 1024  # of what is sealed
Purpose = Literal["stdio", "tunnel", "watch", "stop", "end"]

T = TypeVar("T", bound="Ticket")


class TicketError(Exception):
    """Not made by the control plane of this group, for this purpose and upstream."""


class Ticket(msgspec.Struct, frozen=True, omit_defaults=True):
    """`issued`: seconds since 1970."""

    upstream: str
    issued: float


def make(ring: seal.Sealer, purpose: Purpose, ticket: Ticket, nonce: bytes) -> str:
    """The value of the header. `nonce` as in `Sealer.seal`. Raises ValueError when it says too
    much."""
    plain = msgspec.json.encode(ticket)
    if len(plain) > MOST_BYTES:
        raise ValueError(f"a ticket holds {MOST_BYTES} bytes, this one would have {len(plain)}")
    return seal.to_text(ring.seal(plain, _context(purpose, ticket.upstream), nonce))


def read(ring: seal.Sealer, purpose: Purpose, upstream: str, text: str, type: type[T]) -> T:
    """What the control plane said of this upstream. Raises TicketError, which shows nothing of
    it."""
    try:
        plain = ring.open(seal.from_text(text), _context(purpose, upstream))
        ticket: Any = msgspec.json.decode(plain, type=type)
    except seal.SealError as error:
        raise TicketError(f"the ticket is not for this: {error}") from error
    except msgspec.DecodeError as error:
        raise TicketError("the ticket says nothing that this release understands") from error
    if ticket.upstream != upstream:
        raise TicketError("the ticket is for another upstream")
    return ticket  # type: ignore[no-any-return]  # msgspec.json.decode gives a `type`


def _context(purpose: Purpose, upstream: str) -> bytes:
    return seal.context("ticket", purpose, upstream)
