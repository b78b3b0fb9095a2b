"""Questions that may be withdrawn while their replies are waited for."""

from collections.abc import Callable, Mapping

from mcpgateway.data_plane.upstreams.request import Answered, Reply


class Inquiry:
    """An `Answered` for a sink's `ask`. Whoever asks a client that can be told leaves word with
    `on_withdrawn`; a reply that comes afterwards is dropped."""

    __slots__ = ("_answered", "_over", "_told")

    def __init__(self, answered: Answered) -> None:
        self._answered = answered
        self._over = False
        self._told: list[Callable[[], None]] = []

    def __call__(self, replies: Mapping[str, Reply]) -> None:
        if not self._over:
            self._over = True
            self._told = []
            self._answered(replies)

    def on_withdrawn(self, told: Callable[[], None]) -> None:
        self._told.append(told)

    @property
    def lasts(self) -> bool:
        """Whether who was asked can be told, and so can reply, when the call is over."""
        return bool(self._told)

    def withdraw(self) -> None:
        """Nobody wants the replies any more. No effect once they are there."""
        if not self._over:
            self._over = True
            told, self._told = self._told, []
            for each in told:
                each()
