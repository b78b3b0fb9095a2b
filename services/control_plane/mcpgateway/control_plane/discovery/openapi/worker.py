"""Documents read as tools: `reader.py` has a worker process do it. It fetches nothing."""

from typing import TypeAlias

import msgspec

from mcpgateway.common.runtime.workers.child import run
from mcpgateway.control_plane.registry.openapi.importing import Document, Reading, read
from mcpgateway.control_plane.registry.openapi.text import BadDocument
from mcpgateway.control_plane.registry.transports.openapi import OpenApiOptions


class Done(msgspec.Struct, frozen=True, tag=True):
    reading: Reading


class Refused(msgspec.Struct, frozen=True, tag=True):
    """Goes on from "the document"."""

    problem: str


Answer: TypeAlias = Done | Refused

_EXAMPLE = b"""
openapi: 3.0.0
servers: [{url: "https://a.example"}]
paths: {/a: {post: {requestBody: {content: {application/json: {schema: {
  type: object, properties: {a: {type: string, pattern: a}}}}}}}}}
"""
_decode = msgspec.msgpack.Decoder(Document).decode


def answer(asked: bytes) -> bytes:
    """Raises MemoryError."""
    return msgspec.msgpack.encode(_answer(_decode(asked)))


def _answer(document: Document) -> Answer:
    try:
        return Done(read(document))
    except BadDocument as error:
        return Refused(str(error))
    except RecursionError:
        return Refused("is nested too deeply")


if __name__ == "__main__":
    _answer(Document(_EXAMPLE, OpenApiOptions()))  # what is imported late, is now
    run(answer)
