"""Standard input and output for a loop: works with pipes, files and consoles, also on Windows."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from contextlib import suppress

from mcpgateway.common.runtime.stdio.lines import Lines

_CHUNK = 64 * 1024
_AHEAD = 64  # chunks read before the loop has taken them


class Input:
    """The lines of a file descriptor, read by a thread. The thread waits when it is 64 chunks
    ahead, so a fast writer is slowed down, not buffered."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._loop = asyncio.get_running_loop()
        self._chunks: asyncio.Queue[bytes] = asyncio.Queue()
        self._room = threading.Semaphore(_AHEAD)
        threading.Thread(target=self._read, name="stdin", daemon=True).start()

    def _read(self) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody listens any more
            while True:
                self._room.acquire()
                chunk = b""
                with suppress(OSError):
                    chunk = os.read(self._fd, _CHUNK)
                self._loop.call_soon_threadsafe(self._chunks.put_nowait, chunk)
                if not chunk:
                    return

    async def lines(self) -> AsyncIterator[bytes]:
        """Until the end of input. Raises LineTooLong."""
        splitter = Lines()
        while chunk := await self._chunks.get():
            self._room.release()
            for line in splitter.feed(chunk):
                yield line


class Output:
    """Lines to a file descriptor, whole and in order. A slow reader makes `emit` wait."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._lock = asyncio.Lock()

    async def emit(self, line: bytes) -> None:
        """Raises BrokenPipeError when nobody reads any more."""
        async with self._lock:
            await asyncio.to_thread(self._write, line + b"\n")

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._fd, view) :]
