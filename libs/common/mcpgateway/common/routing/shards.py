"""An immutable map by string key, split into dict shards so that a change copies little.

A change to one key of 100,000 copies one dict of a few hundred entries and a tuple of shards.
Changes are made by an `Editor`, which copies a shard the first time that it writes to it.
"""

from collections.abc import ItemsView, Iterator, Mapping, ValuesView
from typing import Any, Generic, TypeVar

from typing_extensions import override

V = TypeVar("V")
V_co = TypeVar("V_co", covariant=True)

_EMPTY: Mapping[str, Any] = {}


class ShardedMap(Mapping[str, V_co]):
    """Read it like a dict. Its order means nothing."""

    __slots__ = ("_length", "_shards")

    def __init__(self, shards: tuple[Mapping[str, V_co], ...], length: int) -> None:
        self._shards = shards
        self._length = length

    @staticmethod
    def empty(shards: int = 256) -> "ShardedMap[V_co]":
        """`shards` must be a power of two."""
        return ShardedMap((_EMPTY,) * shards, 0)

    @override
    def __getitem__(self, key: str) -> V_co:
        return self._shards[hash(key) & (len(self._shards) - 1)][key]

    @override
    def __contains__(self, key: object) -> bool:
        return key in self._shards[hash(key) & (len(self._shards) - 1)]

    @override
    def __iter__(self) -> Iterator[str]:
        for shard in self._shards:
            yield from shard

    @override
    def __len__(self) -> int:
        return self._length

    @override
    def get(self, key: str, default: Any = None) -> Any:
        return self._shards[hash(key) & (len(self._shards) - 1)].get(key, default)

    @override
    def items(self) -> "_Items[V_co]":
        return _Items(self)

    @override
    def values(self) -> "_Values[V_co]":
        return _Values(self)

    def shards(self) -> tuple[Mapping[str, V_co], ...]:
        return self._shards

    def edit(self) -> "Editor[V_co]":
        return Editor(self, self._shards, self._length)


class _Items(ItemsView[str, V_co]):
    """Walks the shards instead of looking each key up."""

    def __init__(self, of: ShardedMap[V_co]) -> None:
        super().__init__(of)
        self._of = of

    @override
    def __iter__(self) -> Iterator[tuple[str, V_co]]:
        for shard in self._of.shards():
            yield from shard.items()


class _Values(ValuesView[V_co]):
    """Walks the shards instead of looking each key up."""

    def __init__(self, of: ShardedMap[V_co]) -> None:
        super().__init__(of)
        self._of = of

    @override
    def __iter__(self) -> Iterator[V_co]:
        for shard in self._of.shards():
            yield from shard.values()


class Editor(Generic[V]):
    """A private, changeable copy of a map. Call `done` once; do not use the editor after it."""

    __slots__ = ("_base", "_length", "_owned", "_shards")

    def __init__(
        self, base: ShardedMap[V], shards: tuple[Mapping[str, V], ...], length: int
    ) -> None:
        self._base = base
        self._shards = list(shards)
        self._length = length
        self._owned: dict[int, dict[str, V]] = {}

    def get(self, key: str) -> V | None:
        return self._shards[hash(key) & (len(self._shards) - 1)].get(key)

    def __contains__(self, key: str) -> bool:
        return key in self._shards[hash(key) & (len(self._shards) - 1)]

    def __setitem__(self, key: str, value: V) -> None:
        shard = self._own(key)
        self._length -= len(shard)
        shard[key] = value
        self._length += len(shard)

    def pop(self, key: str) -> V | None:
        """Removes and returns; None when it was not there."""
        if key not in self:
            return None
        self._length -= 1
        return self._own(key).pop(key)

    def __iter__(self) -> Iterator[str]:
        for shard in self._shards:
            yield from shard

    def done(self) -> ShardedMap[V]:
        """The same map object again when nothing was written."""
        return ShardedMap(tuple(self._shards), self._length) if self._owned else self._base

    def _own(self, key: str) -> dict[str, V]:
        index = hash(key) & (len(self._shards) - 1)
        shard = self._owned.get(index)
        if shard is None:
            shard = self._owned[index] = dict(self._shards[index])
            self._shards[index] = shard
        return shard
