"""Calls a method in bytes: its messages out, its messages in, one at a time as they are taken."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any

import grpc.aio

from mcpgateway.common.protobuf.codec import Codec

Metadata = Sequence[tuple[str, str | bytes]]


class Caller:
    """Of one method, over one channel. Raises grpc.aio.AioRpcError where the call fails."""

    def __init__(self, channel: grpc.aio.Channel, codec: Codec) -> None:
        make = {
            (False, False): channel.unary_unary,
            (False, True): channel.unary_stream,
            (True, False): channel.stream_unary,
            (True, True): channel.stream_stream,
        }
        self._streams = codec.takes_stream
        self._begin: Any = make[codec.takes_stream, codec.answers_stream](codec.path)

    async def one(
        self, requests: Sequence[bytes], metadata: Metadata, timeout: float | None
    ) -> bytes:
        """Of a method that answers no stream. `timeout`: seconds, None for any. Whoever cancels
        this cancels the call."""
        answer: bytes = await self._begun(requests, metadata, timeout)
        return answer

    async def many(
        self, requests: Sequence[bytes], metadata: Metadata, timeout: float | None
    ) -> AsyncGenerator[bytes, None]:
        """Of one that answers a stream. No message is read before it is asked for; whoever asks for
        no more closes this, which cancels the call."""
        call = self._begun(requests, metadata, timeout)
        try:
            async for message in call:
                yield message
        finally:
            call.cancel()

    def _begun(self, requests: Sequence[bytes], metadata: Metadata, timeout: float | None) -> Any:
        sent = iter(requests) if self._streams else requests[0]
        return self._begin(sent, timeout=timeout, metadata=metadata)
