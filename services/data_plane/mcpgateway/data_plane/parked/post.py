"""What carries letters between replicas, as the room sees it."""

from typing import Protocol


class Mailbox(Protocol):
    """Who reads what comes. Called in the loop; must be quick and raise nothing."""

    def received(self, topic: str, letter: bytes) -> None:
        """To this replica. In the order in which one sender sent; some may be lost."""

    def noted(self, letter: bytes) -> None:
        """To all replicas; one's own come too."""

    def nobody(self, topic: str) -> None:
        """An answerable letter on that topic found no receiver."""


class Post(Protocol):
    """Sends without waiting; what can not be sent is lost, counted, and found missing by who waits
    for it."""

    @property
    def up(self) -> bool:
        """Whether letters have a chance to arrive."""

    def send(self, to: str, topic: str, letter: bytes, *, answerable: bool = False) -> None: ...

    def tell_all(self, letter: bytes) -> None: ...
