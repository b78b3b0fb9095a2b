"""Questions that came together and are answered together."""

from mcpgateway.data_plane.upstreams.request import Answered, Reply


class Batch:
    """Calls back when each of `count` questions has its reply."""

    def __init__(self, count: int, answered: Answered) -> None:
        self._missing = count
        self._answered = answered
        self._replies: dict[str, Reply] = {}

    def put(self, name: str, reply: Reply) -> None:
        self._replies[name] = reply
        self._missing -= 1
        if not self._missing:
            self._answered(self._replies)
