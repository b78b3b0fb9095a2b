"""Calls a method in bytes: its messages out, its messages in, one at a time as they are taken."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any, TypeVar

import grpc.aio

from mcpgateway.common.protobuf.codec import Codec
from mcpgateway.common.protobuf.status import DETAILS, Ended
from mcpgateway.common.runtime.grpc.collecting import Collected

AT_ONCE = 64 * 1024  # bytes that are read or written in the loop; more is the work of a thread

Metadata = Sequence[tuple[str, str | bytes]]
T = TypeVar("T")


class Caller:
    """Of one method, over one channel. Raises grpc.aio.AioRpcError where the call fails."""

    def __init__(self, channel: grpc.aio.Channel, codec: Codec) -> None:
        make = {
            (False, False): channel.unary_unary,
            (False, True): channel.unary_stream,
            (True, False): channel.stream_unary,
            (True, True): channel.stream_stream,
        }
        self._takes_stream = codec.takes_stream
        self._answers_stream = codec.answers_stream
        self._begin: Any = make[codec.takes_stream, codec.answers_stream](codec.path)

    async def call(
        self,
        requests: Sequence[bytes],
        metadata: Metadata,
        seconds: float | None,
        collected: Collected,
    ) -> None:
        """Within so many `seconds`, None for any. Whoever cancels this cancels the call. Raises
        Unshown, too."""
        if not self._answers_stream:
            data: bytes = await self._begun(requests, metadata, seconds)
            await sized(len(data), partial(collected.add, data))
            return
        async with aclosing(self._answers(requests, metadata, seconds)) as answers:
            async for data in answers:
                await sized(len(data), partial(collected.add, data))
                if not await collected.told():
                    return

    async def _answers(
        self, requests: Sequence[bytes], metadata: Metadata, seconds: float | None
    ) -> AsyncGenerator[bytes, None]:
        """No message is read before it is asked for; where no more is, the call is cancelled."""
        call = self._begun(requests, metadata, seconds)
        try:
            async for message in call:
                yield message
        finally:
            call.cancel()

    def _begun(self, requests: Sequence[bytes], metadata: Metadata, seconds: float | None) -> Any:
        sent = iter(requests) if self._takes_stream else requests[0]
        return self._begin(sent, timeout=seconds, metadata=metadata)


async def sized(size: int, work: Callable[[], T]) -> T:
    """Done at once where it is little."""
    return work() if size <= AT_ONCE else await asyncio.to_thread(work)


def ended(method: str, error: grpc.aio.AioRpcError) -> Ended:
    """How a call failed."""
    details = (error.trailing_metadata() or {}).get(DETAILS, b"")
    return Ended(
        method,
        error.code().name,
        error.details() or "",
        details if isinstance(details, bytes) else b"",
    )
