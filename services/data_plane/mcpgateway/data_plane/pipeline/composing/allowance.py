"""What one run of a composed tool may take, with the runs of the composed tools that it calls."""

import asyncio
from typing import NamedTuple

from mcpgateway.common.routing.recipe import MAX_AT_ONCE, MAX_CALLS

MAX_VALUE = 1024 * 1024  # bytes of one answer
MAX_KEPT = 8 * 1024 * 1024  # bytes of all values of a run


class Spent(Exception):
    """The run may not go on so; the message says what it has had."""


class Allowance:
    """Shared by a run and those within it. `places`: calls of other tools that are under way at
    once; who finds none waits."""

    __slots__ = ("_bytes", "_calls", "places")

    def __init__(self) -> None:
        self._calls = MAX_CALLS
        self._bytes = MAX_KEPT
        self.places = asyncio.Semaphore(MAX_AT_ONCE)

    def call(self) -> None:
        """One more. Raises Spent."""
        if self._calls <= 0:
            raise Spent(f"the run has made its {MAX_CALLS} calls")
        self._calls -= 1

    def keep(self, size: int) -> None:
        """Raises Spent."""
        if size > MAX_VALUE:
            raise Spent(f"the answer has {size} bytes, at most {MAX_VALUE} are taken")
        if size > self._bytes:
            raise Spent(f"the run has kept its {MAX_KEPT} bytes of answers")
        self._bytes -= size


class Within(NamedTuple):
    """Where a run is: what it may take, and in how many runs it is, itself counted."""

    allowance: Allowance
    depth: int = 1

    @property
    def deeper(self) -> "Within":
        return self._replace(depth=self.depth + 1)
