"""Questions that legacy clients of this replica were sent and have not answered yet."""

from collections.abc import Callable
from itertools import count

from mcpgateway.data_plane.pipeline.shares import Shares
from mcpgateway.data_plane.upstreams.request import Reply

LIMIT = 10_000  # open questions, shared by callers (`shares`); one more is not asked

Taken = Callable[[Reply], None]


class Waiting:
    """By a key that goes into the id of the request to the client."""

    def __init__(self) -> None:
        self._keys = count(1)
        self._open: dict[str, tuple[str, Taken]] = {}
        self._shares = Shares[str](LIMIT)

    def __len__(self) -> int:
        return len(self._open)

    def put(self, caller: str, taken: Taken) -> str | None:
        """The key; None when too many are open."""
        if self._shares.refuses(caller):
            return None
        key = str(next(self._keys))
        self._open[key] = (caller, taken)
        self._shares.take(caller, key)
        return key

    def take(self, key: str, reply: Reply) -> bool:
        """Hand over a reply, once; whether somebody waited for it."""
        taken = self._pop(key)
        if taken is None:
            return False
        taken(reply)
        return True

    def drop(self, key: str) -> bool:
        """Nobody waits any more; whether somebody did."""
        return self._pop(key) is not None

    def _pop(self, key: str) -> Taken | None:
        caller, taken = self._open.pop(key, ("", None))
        if taken is not None:
            self._shares.give_back(caller, key)
        return taken
