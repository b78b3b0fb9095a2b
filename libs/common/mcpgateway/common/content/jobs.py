"""What is asked of a process that renders templates, and what it says: values and their bytes."""

from collections.abc import Mapping

import msgspec


class Render(msgspec.Struct, frozen=True, tag="render"):
    """Fill these templates; no more than `room` characters may come of all of them."""

    texts: tuple[str, ...]
    values: Mapping[str, str]
    room: int


class Check(msgspec.Struct, frozen=True, tag="check"):
    """Look at these templates without filling them."""

    texts: tuple[str, ...]


class Rendered(msgspec.Struct, frozen=True, tag="rendered"):
    texts: tuple[str, ...]


class Found(msgspec.Struct, frozen=True):
    """What one template has: `problem` is empty where it can be used, `names` are those that it
    expects to be given."""

    problem: str = ""
    names: tuple[str, ...] = ()


class Checked(msgspec.Struct, frozen=True, tag="checked"):
    found: tuple[Found, ...]


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """`at`: which of the texts."""

    problem: str
    at: int = 0


Job = Render | Check
Reply = Rendered | Checked | Failed

_jobs = msgspec.msgpack.Decoder(Job)
_replies = msgspec.msgpack.Decoder(Reply)


def encode(message: Job | Reply) -> bytes:
    return msgspec.msgpack.encode(message)


def decode_job(data: bytes) -> Job:
    """Raises msgspec.DecodeError."""
    job: Job = _jobs.decode(data)
    return job


def decode_reply(data: bytes) -> Reply:
    """Raises msgspec.DecodeError."""
    reply: Reply = _replies.decode(data)
    return reply
