"""What was made of something and may be asked for again: the least recently used goes first."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Kept(Generic[K, V]):
    """Keeps what `make` returns. `room` is the most of what `cost` says of all keys together; when
    it is full the longest unused go. What costs more than a quarter of it is not kept."""

    def __init__(self, make: Callable[[K], V], cost: Callable[[K], int], room: int) -> None:
        self._make = make
        self._cost = cost
        self._room = room
        self._left = room
        self._made: OrderedDict[K, V] = OrderedDict()

    def __len__(self) -> int:
        return len(self._made)

    def of(self, key: K) -> V:
        """Raises what `make` raises; that is not kept."""
        if key in self._made:
            self._made.move_to_end(key)
            return self._made[key]
        made, cost = self._make(key), self._cost(key)
        if cost <= self._room // 4:
            self._made[key] = made
            self._left -= cost
            while self._left < 0:
                self._left += self._cost(self._made.popitem(last=False)[0])
        return made
