"""Handles: opaque texts for clients that lead any replica back to what one of them holds.

Sealed for one purpose, group, virtual server and principal, with an expiry: worth nothing to
anybody else, anywhere else, or later. Pure: time and randomness are parameters.
"""

from hashlib import blake2b
from typing import Literal

import msgspec

from mcpgateway.common import seal

PREFIX = "gw1."  # tells our handles from an upstream's own opaque values
MAX_HANDLE = 4096  # characters
Purpose = Literal["question", "park", "task", "event", "pair", "cursor"]


class HandleError(Exception):
    """Not a handle of ours for this purpose and caller, damaged, or expired."""


class Place(msgspec.Struct, frozen=True, gc=False):
    """Where a handle is good: `server` is "" for the endpoint of everything, `principal` is subject
    and issuer, "" for anonymous."""

    cluster: str
    group: str
    server: str
    principal: str


class Handle(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """`owner` is the replica that holds what `key` names there, "" when any will do. `expires` is
    Unix seconds, 0 for never. `extra` is the purpose's own business."""

    owner: str
    key: str
    expires: int = 0
    extra: bytes = b""


_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(Handle)
_NONCE = b"handle nonce"


def seal_handle(
    sealer: seal.Sealer, purpose: Purpose, place: Place, handle: Handle, nonce: bytes
) -> str:
    """Header- and URL-safe. `nonce` is 12 fresh random bytes. Raises ValueError for a handle whose
    text would be over MAX_HANDLE characters."""
    sealed = sealer.seal(_encode(handle), _context(purpose, place), nonce)
    text = PREFIX + seal.to_text(sealed)
    if len(text) > MAX_HANDLE:
        raise ValueError(f"a handle may have {MAX_HANDLE} characters, this would be {len(text)}")
    return text


def stable_nonce(sealer: seal.Sealer, purpose: Purpose, place: Place, handle: Handle) -> bytes:
    """A nonce that only the very same handle for the same place has, so that its text is the same
    whenever it is made. It is drawn by a keyed hash: equal nonces mean equal contents."""
    digest = blake2b(
        _context(purpose, place), digest_size=seal.NONCE_SIZE, key=sealer.keys[0], person=_NONCE
    )
    digest.update(_encode(handle))
    return digest.digest()


def is_handle(text: str) -> bool:
    """Whether it looks like one of ours."""
    return text.startswith(PREFIX)


def open_handle(
    sealer: seal.Sealer, purpose: Purpose, place: Place, text: str, now: float
) -> Handle:
    """Raises HandleError."""
    if len(text) > MAX_HANDLE or not is_handle(text):
        raise HandleError(f"not a {purpose} handle of this gateway")
    try:
        plain = sealer.open(seal.from_text(text[len(PREFIX) :]), _context(purpose, place))
        handle = _decoder.decode(plain)
    except (seal.SealError, msgspec.DecodeError) as error:
        raise HandleError(f"not a {purpose} handle of this server for this caller") from error
    if handle.expires and now >= handle.expires:
        raise HandleError(f"the {purpose} handle has expired")
    return handle


def _context(purpose: Purpose, place: Place) -> bytes:
    return seal.context(
        "handle", purpose, place.cluster, place.group, place.server, place.principal
    )
