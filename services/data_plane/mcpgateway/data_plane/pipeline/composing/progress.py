"""What the client of a run hears of it before its answer, when it asked to."""

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.data_plane.upstreams.request import Sink

_METHOD = "notifications/progress"


class Progress:
    """In steps; a step that goes over a list counts by its parts. Says nothing without a token."""

    def __init__(self, sink: Sink, token: msgspec.Raw | None, steps: int) -> None:
        self._sink = sink
        self._token = token
        self._steps = steps
        self._done = 0
        self._items = 0
        self._told = 0.0

    def step_done(self, name: str) -> None:
        self._done += 1
        self._items = 0
        self._tell(float(self._done), f"step {name!r} is done")

    def item_done(self, name: str, items: int) -> None:
        """One of `items` of the step that is under way."""
        self._items += 1
        said = f"step {name!r}: {self._items} of {items} calls are done"
        self._tell(self._done + self._items / items, said)

    def _tell(self, progress: float, message: str) -> None:
        """It has to grow with each notification."""
        if self._token is None or progress <= self._told:
            return
        self._told = progress
        params = {
            "progressToken": self._token,
            "progress": progress,
            "total": self._steps,
            "message": message,
        }
        self._sink.message(jsonrpc.notification(_METHOD, jsonrpc.encode(params)))
