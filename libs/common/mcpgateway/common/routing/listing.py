"""The items of one list as JSON, in order of their names: whole, in pages, and after a change.

Items are kept joined in blocks. A change makes a new list that shares all blocks but those in which
something changed, so that one changed tool of 10,000 costs microseconds, not the joining of all.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple
from zlib import crc32

import msgspec

BLOCK = 128  # items that are joined; a block that grew to twice as many is cut
_MASK = (1 << 64) - 1

Named = tuple[str, bytes]  # a name, and its item as a JSON object


class Page(NamedTuple):
    """A JSON array of some items. `following`: the number of items up to its end; None: there are
    no more."""

    items: bytes
    following: int | None


class Block(NamedTuple):
    """Items joined by commas. `ends` are where each ends in `body`; `mark` tells contents apart."""

    names: tuple[str, ...]
    ends: tuple[int, ...]
    body: bytes
    mark: int

    @staticmethod
    def of(items: "list[Named]") -> "Block":
        ends, at = [], -1
        for _, item in items:
            at += 1 + len(item)
            ends.append(at)
        mark = sum(crc32(item) for _, item in items)
        body = b",".join([item for _, item in items])
        return Block(tuple(name for name, _ in items), tuple(ends), body, mark)

    def items(self) -> list[bytes]:
        edges = pairwise((-1, *self.ends))
        return [self.body[begin + 1 : end] for begin, end in edges]

    def changed(self, changes: Mapping[str, bytes | None]) -> "Iterator[Block]":
        """With these items set or (None) left out; nothing when none is left."""
        merged: dict[str, bytes | None] = dict(zip(self.names, self.items(), strict=True))
        merged.update(changes)
        kept = [(name, item) for name, item in sorted(merged.items()) if item is not None]
        step = BLOCK if len(kept) > 2 * BLOCK else max(1, len(kept))
        for at in range(0, len(kept), step):
            yield Block.of(kept[at : at + step])


class Listing(msgspec.Struct, frozen=True, eq=False, weakref=True):
    """Make it with `of`."""

    blocks: tuple[Block, ...]

    @staticmethod
    def of(items: Iterable[Named]) -> "Listing":
        """`items` in order of their names, each once."""
        all = list(items)
        found = (Block.of(all[at : at + BLOCK]) for at in range(0, len(all), BLOCK))
        return Listing(tuple(found))

    @property
    def json(self) -> bytes:
        """The whole as a JSON array."""
        return b"".join(self.pieces)

    @property
    def pieces(self) -> list[bytes]:
        """What `json` is joined of. The long ones are kept, so that sending them copies nothing."""
        found = [b"["]
        for block in self.blocks:
            found += (block.body, b",")
        if self.blocks:
            found.pop()
        found.append(b"]")
        return found

    @property
    def size(self) -> int:
        """Bytes of `json`."""
        return 1 + sum(len(block.body) + 1 for block in self.blocks) + (not self.blocks)

    @property
    def mark(self) -> int:
        """Of 64 bits, the same wherever and however the same items came together; another for a
        list of other contents, but for chance. No secret and no proof."""
        count = sum(len(block.names) for block in self.blocks)
        return (sum(block.mark for block in self.blocks) + (count << 40)) & _MASK

    def changed(self, changes: Mapping[str, bytes | None]) -> "Listing":
        """The list with these items, by name, set or (None) left out."""
        if not changes:
            return self
        firsts = [block.names[0] for block in self.blocks]
        by_block: dict[int, dict[str, bytes | None]] = {}
        for name, item in changes.items():
            at = max(0, bisect_right(firsts, name) - 1)
            by_block.setdefault(at, {})[name] = item
        blocks: list[Block] = []
        for at, block in enumerate(self.blocks or (Block.of([]),)):
            blocks.extend(block.changed(by_block[at]) if at in by_block else (block,))
        return Listing(tuple(blocks))

    def page(self, first: int, limit: int) -> Page:
        """From item number `first` on, as many as have `limit` bytes together as a JSON array, but
        one at least."""
        parts: list[bytes] = []
        room = limit - 1  # each part needs a byte more: a comma, or the bracket at the end
        at = 0
        for block in self.blocks:
            begin, at = max(0, first - at), at + len(block.names)
            if begin >= len(block.names):
                continue
            start = block.ends[begin - 1] + 1 if begin else 0
            fitting = bisect_left(block.ends, start + room, lo=begin)
            end = max(fitting, begin + (not parts))
            if end > begin:
                parts.append(block.body[start : block.ends[end - 1]])
                room -= len(parts[-1]) + 1
            if end < len(block.names):
                return Page(b"[%b]" % b",".join(parts), at - len(block.names) + end)
        return Page(b"[%b]" % b",".join(parts), None)
