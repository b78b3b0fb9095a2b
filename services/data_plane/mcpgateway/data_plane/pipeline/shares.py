"""Who holds how much of what one replica has a limited number of.

Everybody may have as much as there is while a quarter is left. Of that quarter nobody gets any who
holds a twentieth of all, so that one caller, however busy, does not take the last from the others.
Strangers are one caller together.
"""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Generic, TypeVar

H = TypeVar("H")


class Shares(Generic[H]):
    """What each caller holds, by its key, the oldest first; all of it is hashable."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._scarce = limit - limit // 4
        self._share = max(1, limit // 20)
        self._held: dict[str, OrderedDict[H, None]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def refuses(self, caller: str) -> bool:
        """Whether there is nothing for this caller now."""
        if self._count < self._scarce:
            return False
        return self._count >= self._limit or len(self._held.get(caller, ())) >= self._share

    def oldest(self, caller: str) -> H | None:
        """Of what a caller holds."""
        return next(iter(self._held.get(caller, ())), None)

    def held(self, caller: str) -> Iterable[H]:
        """By a caller, the oldest first."""
        return self._held.get(caller, ())

    def take(self, caller: str, what: H) -> None:
        """Ask `refuses` before."""
        held = self._held.get(caller)
        if held is None:
            held = self._held[caller] = OrderedDict()
        if what not in held:
            held[what] = None
            self._count += 1

    def give_back(self, caller: str, what: H) -> None:
        """No effect when it was given back before."""
        held = self._held.get(caller)
        if held is not None and what in held:
            del held[what]
            self._count -= 1
            if not held:
                del self._held[caller]
