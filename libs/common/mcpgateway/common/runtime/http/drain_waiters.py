"""Who waits in `Exchange.drain` until the peer takes more, or is gone."""

import asyncio


class DrainWaiters:
    """As many as an application has writers to one exchange."""

    __slots__ = ("_futures",)

    def __init__(self) -> None:
        self._futures: list[asyncio.Future[None]] = []

    async def wait(self) -> None:
        """Until released. Raises the error that came with it."""
        future = asyncio.get_running_loop().create_future()
        self._futures.append(future)
        await future

    def release(self, error: Exception | None = None) -> None:
        """Lets all go on, or fail."""
        futures, self._futures = self._futures, []
        for future in futures:
            if future.done():  # cancelled
                continue
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)
