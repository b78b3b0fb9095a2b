"""What data planes tell control planes of calls: who did what how often, with which token, and
whether it was allowed. No arguments, no secrets. Pure.

A message is a MessagePack array of `Done`, at most MAX of them, each text cut to its limit.
"""

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

MAX = 200  # of one message
MAX_BYTES = 512 * 1024  # of one message, half of what NATS takes
NAME = 512  # characters
TEXT = 255


class Done(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Calls that were alike since a data plane spoke of them last. `at`: when it spoke, in Unix
    seconds. `token`: the `jti`, or an API token's id. `action` is a permission, "" where nothing
    had to be decided (a malformed call, a list). `server`: the virtual server's id, `source` the
    client's address, `rule` what decided."""

    at: float
    principal: str
    token: str
    method: str
    action: str
    kind: str
    id: str
    name: str
    server: str
    source: str
    rule: str
    verdict: Literal["allow", "deny"]
    count: int


_decoder = msgspec.msgpack.Decoder(list[Done])


class UsageError(ValueError):
    """A message that is none."""


def messages(done: Sequence[Done]) -> Iterator[bytes]:
    for at in range(0, len(done), MAX):
        yield from _halved(done[at : at + MAX])


def _halved(done: Sequence[Done]) -> Iterator[bytes]:
    """In as many messages as it takes until each is short enough."""
    message = msgspec.msgpack.encode(done)
    if len(message) <= MAX_BYTES or len(done) == 1:
        yield message
        return
    middle = len(done) // 2
    yield from _halved(done[:middle])
    yield from _halved(done[middle:])


def decode(message: bytes) -> list[Done]:
    """Raises UsageError."""
    try:
        found = _decoder.decode(message)
    except (msgspec.DecodeError, RecursionError) as error:
        raise UsageError(f"no report of usage: {error}") from error
    if len(found) > MAX or any(not _sensible(each) for each in found):
        raise UsageError("a report of usage that is over its limits")
    return found


def cut(text: str, limit: int = TEXT) -> str:
    """For a field; what PostgreSQL can not hold (NUL, lone surrogates) is replaced."""
    plain = text[:limit].replace("\0", "\N{REPLACEMENT CHARACTER}")
    return plain.encode("utf-8", "replace").decode() if not plain.isascii() else plain


def _sensible(done: Done) -> bool:
    texts = (done.principal, done.token, done.method, done.action, done.kind, done.id)
    more = (done.server, done.source, done.rule)
    short = all(len(each) <= TEXT and "\0" not in each for each in (*texts, *more))
    named = len(done.name) <= NAME and "\0" not in done.name
    return short and named and 0 < done.count < 1 << 53 and 0 < done.at < 1 << 33
