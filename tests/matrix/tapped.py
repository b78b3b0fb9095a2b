"""The two streams of an official SDK transport, with a tap on what goes through."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from mcp.client._transport import TransportStreams
from mcp.shared.message import SessionMessage

T = TypeVar("T")
Inner = Any  # the SDK's streams: their protocols are generic in ways of no interest here


class TappedRead(Generic[T]):
    """`keep` says of each item whether its reader may have it."""

    def __init__(self, inner: Inner, keep: Callable[[T], bool]) -> None:
        self._inner = inner
        self._keep = keep

    @property
    def last_context(self) -> Any:
        return getattr(self._inner, "last_context", None)

    async def receive(self) -> T:
        while True:
            item: T = await self._inner.receive()
            if self._keep(item):
                return item

    async def aclose(self) -> None:
        await self._inner.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        while True:
            item: T = await self._inner.__anext__()
            if self._keep(item):
                return item

    async def __aenter__(self) -> Self:
        await self._inner.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        ended: bool | None = await self._inner.__aexit__(kind, error, trace)
        return ended


class TappedWrite:
    """`change` gives what is written in place of each message."""

    def __init__(self, inner: Inner, change: Callable[[SessionMessage], SessionMessage]) -> None:
        self._inner = inner
        self._change = change

    async def send(self, item: SessionMessage, /) -> None:
        await self._inner.send(self._change(item))

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def __aenter__(self) -> Self:
        await self._inner.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        ended: bool | None = await self._inner.__aexit__(kind, error, trace)
        return ended


@asynccontextmanager
async def tapped(
    transport: AbstractAsyncContextManager[TransportStreams],
    keep: Callable[[SessionMessage | Exception], bool],
    change: Callable[[SessionMessage], SessionMessage],
) -> AsyncIterator[TransportStreams]:
    async with transport as (read, write):
        yield TappedRead(read, keep), TappedWrite(write, change)
