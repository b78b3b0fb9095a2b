"""A dict that grows in parts: one of 100,000 stops everybody for milliseconds when it doubles."""

from collections.abc import Iterator
from typing import Generic, TypeVar

V = TypeVar("V")

PARTS = 64  # a power of two


class Spread(Generic[V]):
    """Values by text. Its order means nothing."""

    __slots__ = ("_parts",)

    def __init__(self) -> None:
        self._parts: tuple[dict[str, V], ...] = tuple({} for _ in range(PARTS))

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    def __iter__(self) -> Iterator[str]:
        for part in self._parts:
            yield from part

    def __contains__(self, key: object) -> bool:
        return key in self._parts[hash(key) & (PARTS - 1)]

    def __setitem__(self, key: str, value: V) -> None:
        self._parts[hash(key) & (PARTS - 1)][key] = value

    def __delitem__(self, key: str) -> None:
        del self._parts[hash(key) & (PARTS - 1)][key]

    def get(self, key: str) -> V | None:
        return self._parts[hash(key) & (PARTS - 1)].get(key)

    def pop(self, key: str) -> V | None:
        return self._parts[hash(key) & (PARTS - 1)].pop(key, None)
