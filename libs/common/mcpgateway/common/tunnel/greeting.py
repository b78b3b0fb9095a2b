"""How the two ends of a tunnel begin a connection: one message each, before any frame. Pure.

Who dials out says which run of it this is, which link it has, and what it has of it; the hub
answers with the link from now on, and what it has itself. A link that only one end knows is over:
what was under way on it failed, and a new one begins.

The hub serves one run at a time for each upstream. Another one is told to wait while the first is
connected: two that took it from each other would serve nobody.
"""

from typing import Annotated, Literal, TypeVar

import msgspec

from mcpgateway.common.tunnel.link import LinkError

VERSION = 1
SUBPROTOCOL = f"mcpgateway.tunnel.v{VERSION}"
MOST_BYTES = 1024
BUSY = 4409  # close code: another run serves this tunnel
Name = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")]
NameOrNone = Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{32})?$")]
Count = Annotated[int, msgspec.Meta(ge=0)]
_Greeting = TypeVar("_Greeting", bound=msgspec.Struct)


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """`run`: 32 hex digits, new with each start of a process. `link`: "" for none yet."""

    run: Name
    link: NameOrNone = ""
    received: Count = 0
    version: int = VERSION


class Welcome(msgspec.Struct, frozen=True, tag="welcome"):
    """`received` is of no meaning to an end that does not know the link."""

    link: Name
    received: Count = 0


class Seat(msgspec.Struct, frozen=True):
    """Who serves an upstream: which run, over which link; whether it is connected now."""

    run: str
    link: str
    connected: bool


Verdict = Literal["resume", "begin", "busy"]


def verdict(seat: Seat | None, hello: Hello) -> Verdict:
    """What a hub does with who says hello."""
    if seat is None:
        return "begin"
    if seat.run != hello.run:
        return "busy" if seat.connected else "begin"
    return "resume" if hello.link == seat.link else "begin"


def write(greeting: Hello | Welcome) -> bytes:
    return msgspec.json.encode(greeting)


def read_hello(message: bytes) -> Hello:
    """Raises LinkError."""
    hello = _read(message, Hello)
    if hello.version != VERSION:
        raise LinkError(f"tunnels of version {VERSION} are served here, not {hello.version}")
    return hello


def read_welcome(message: bytes) -> Welcome:
    """Raises LinkError."""
    return _read(message, Welcome)


def _read(message: bytes, type: type[_Greeting]) -> _Greeting:
    if len(message) > MOST_BYTES:
        raise LinkError(f"a greeting has at most {MOST_BYTES} bytes, this one {len(message)}")
    try:
        return msgspec.json.decode(message, type=type)
    except msgspec.DecodeError as error:
        raise LinkError(f"this is no greeting: {error}") from error
