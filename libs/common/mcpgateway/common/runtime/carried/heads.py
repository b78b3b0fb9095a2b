"""Heads of responses that another process made: whether they can be sent on over a connection that
others use after this exchange.

The other process may be a stranger's. What says where a response ends is said by who sends it.
"""

import re

from mcpgateway.common.policy.passthrough import HOP_BY_HOP

Lines = list[tuple[bytes, bytes]]

_NAME = re.compile(rb"[a-z0-9!#$%&'*+.^_`|~-]+")
_LENGTH = re.compile(rb"[0-9]{1,18}")
_SIZE = b"content-length"


def of_whole(status: int, headers: Lines) -> Lines:
    """Of a response that comes in one piece, whose length is seen. Raises ValueError for what is no
    head of a last response."""
    return [line for line in _sound(status, headers) if line[0] != _SIZE]


def of_streamed(status: int, headers: Lines) -> Lines:
    """Of one whose body follows. Raises ValueError, also for lengths that are none."""
    found = _sound(status, headers)
    sizes = [value for name, value in found if name == _SIZE]
    if len(sizes) > 1 or not all(map(_LENGTH.fullmatch, sizes)):
        raise ValueError("its content-length is none")
    return found


def _sound(status: int, headers: Lines) -> Lines:
    if not 200 <= status <= 599:
        raise ValueError(f"{status} is no status of a response")
    if not all(_NAME.fullmatch(name) for name, _ in headers):
        raise ValueError("a header has a name that is none")
    return [line for line in headers if line[0] not in HOP_BY_HOP]
