"""Tokens for upstreams that are not in the routing table: one for all callers, or one each. Pure.

They change too often, and are too many, for a table that every replica holds. The control plane
puts them, wire-sealed, into a bucket; data planes read one when a call first needs it. An empty
value stands for a token that was taken away.
"""

from hashlib import blake2b

import msgspec

from mcpgateway.common import seal

Lines = tuple[tuple[str, str], ...]
_SHARED = "shared"


class UpstreamToken(msgspec.Struct, frozen=True):
    """Header lines to send until `expires` (Unix seconds, 0 for never). `problem` says why there
    are none; it is nobody's secret. `asked`: for which scopes its user was asked."""

    lines: Lines = ()
    expires: float = 0.0
    problem: str = ""
    asked: tuple[str, ...] = ()


_decoder = msgspec.json.Decoder(UpstreamToken)


def key_of(principal: str, upstream: str) -> str:
    """In the bucket; "" for the token that all callers share. It does not show who the principal
    is."""
    if not principal:
        return f"{_SHARED}.{upstream}"
    return f"{blake2b(principal.encode(), digest_size=20).hexdigest()}.{upstream}"


def context(cluster: str, group: str, key: str) -> bytes:
    """For keys.DataPlaneKeys.wire."""
    return seal.context("upstream token", cluster, group, key)


def encode(token: UpstreamToken) -> bytes:
    return msgspec.json.encode(token)


def decode(plain: bytes) -> UpstreamToken:
    """Raises msgspec.DecodeError."""
    return _decoder.decode(plain)


class Wanted(msgspec.Struct, frozen=True):
    """A data plane asks for a token that a caller gets for his identity. `token` is what he showed
    to the gateway, "" for nothing that could be exchanged."""

    principal: str
    upstream: str
    token: str = ""


wanted_decoder = msgspec.json.Decoder(Wanted)
