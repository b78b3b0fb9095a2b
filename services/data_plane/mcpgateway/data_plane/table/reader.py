"""Reads of the two routing streams: positions, newest snapshot, deltas in batches, blobs.

All by JetStream direct get, which any server of a cluster may answer; it may lag, so what was
read is compared with the stream's own last sequence.
"""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any, NamedTuple

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import NoRespondersError
from nats.js.errors import APIError, NotFoundError

from mcpgateway.common.routing import signed
from mcpgateway.common.routing.signed import CHUNK, Manifest
from mcpgateway.common.subjects import Subjects

TIMEOUT = 5.0  # seconds that one answer may take
_BATCH = 128  # deltas asked for at once
_WINDOW = 4  # chunks of a blob asked for at once
_NOT_ENABLED = 10039  # JetStream's error code: this account has no streams


class Position(NamedTuple):
    """Where the delta stream is. `created` tells a stream from a later one of the same name."""

    created: str
    last: int
    messages: int


class StoredDelta(NamedTuple):
    sequence: int
    message: bytes


class RoutingReader:
    """Raises nats.errors.Error (TimeoutError among them) when NATS does not answer."""

    def __init__(self, client: Client, subjects: Subjects) -> None:
        self._client = client
        self._subjects = subjects
        self._jetstream = client.jetstream(timeout=TIMEOUT)

    async def position(self) -> Position | None:
        """None: there is no such stream (yet)."""
        info = await self._info()
        if info is None or "error" in info:
            return None
        state = info["state"]
        return Position(info["created"], state["last_seq"], state["messages"])

    async def _info(self) -> dict[str, Any] | None:
        """Of the delta stream; asked of the account that shares it where ours has no streams."""
        stream = self._subjects.delta_stream
        info: dict[str, Any] | None = None
        for subject in (f"$JS.API.STREAM.INFO.{stream}", self._subjects.stream_info(stream)):
            try:
                answer = await self._client.request(subject, b"", timeout=TIMEOUT)
            except NoRespondersError:
                continue
            info = json.loads(answer.data)
            if info is None or info.get("error", {}).get("err_code") != _NOT_ENABLED:
                break
        return info

    async def snapshot(self) -> bytes | None:
        """The message of the newest snapshot."""
        return await self._last(self._subjects.snapshot)

    async def delta(self, sequence: int) -> bytes | None:
        try:
            found = await self._jetstream.get_msg(
                self._subjects.delta_stream, seq=sequence, direct=True
            )
        except (NotFoundError, NoRespondersError):
            return None
        return found.data

    async def deltas(self, first: int) -> AsyncGenerator[StoredDelta, None]:
        """One batch of stored deltas from a sequence on; empty at the end of the stream."""
        inbox = self._client.new_inbox()
        subscription = await self._client.subscribe(inbox)
        try:
            request = {"batch": _BATCH, "seq": first, "next_by_subj": self._subjects.delta}
            await self._client.publish(
                f"$JS.API.DIRECT.GET.{self._subjects.delta_stream}",
                json.dumps(request).encode(),
                reply=inbox,
            )
            while True:
                message = await subscription.next_msg(TIMEOUT)
                if _status(message):
                    return
                yield StoredDelta(int((message.headers or {})["Nats-Sequence"]), message.data)
        finally:
            await subscription.unsubscribe()

    async def blob(self, manifest: Manifest) -> bytearray:
        """Raises CodecError when a chunk is missing or the whole is not what was committed."""
        body = bytearray(manifest.size)
        for first in range(0, manifest.chunks, _WINDOW):
            window = range(first, min(first + _WINDOW, manifest.chunks))
            chunks = await asyncio.gather(*(self._chunk(manifest, n) for n in window))
            for n, chunk in zip(window, chunks, strict=True):
                body[n * CHUNK : n * CHUNK + len(chunk)] = chunk
        await asyncio.to_thread(signed.check, manifest, body)
        return body

    async def _chunk(self, manifest: Manifest, n: int) -> bytes:
        """Empty when it is not there: the check of the whole body will say so."""
        return await self._last(self._subjects.blob(manifest.blob, n)) or b""

    async def _last(self, subject: str) -> bytes | None:
        try:
            found = await self._jetstream.get_last_msg(
                self._subjects.blob_stream, subject, direct=True
            )
        except (NotFoundError, NoRespondersError):
            return None
        return found.data


def _status(message: Msg) -> bool:
    """Whether this is the end of a batch (204), or there was nothing (404). Raises APIError."""
    status = (message.headers or {}).get("Status", "")
    if status not in ("", "204", "404"):
        raise APIError(code=int(status), description=(message.headers or {}).get("Description"))
    return status != ""
