"""Tools by what they mean: which of them have a vector, which still want one, which are nearest.

A vector is kept with the digest of the text that it was made of, so a tool that says something
else wants a new one, and one that says the same keeps its own. Where vectors come from is not
known here.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from operator import itemgetter
from typing import NamedTuple

from mcpgateway.common.routing.model import Tool
from mcpgateway.common.search.embedded_text import text_of
from mcpgateway.common.search.spread import Spread
from mcpgateway.common.search.vectors import SIGNS, Vector, cosine

STEP = 512  # vectors whose signs are looked at between two yields
CLOSER = 100  # vectors that are looked at closely

_LOOKS = 8  # places of the queue that are looked at for one tool that wants a vector
_EACH = 4  # cosines between two yields
_FEW = 32  # tools that a caller is asked to be shown between two yields

_RANK = itemgetter(0, 1)

Shown = Callable[[Tool], bool]


class Wanted(NamedTuple):
    """A vector that is to be made of a text."""

    id: str
    digest: bytes
    text: str


class _Kept(NamedTuple):
    tool: Tool
    digest: bytes


class Space:
    """`tools` in it are found by id; putting another of the same id replaces it."""

    def __init__(self) -> None:
        self._kept = Spread[_Kept]()
        self._queue: deque[str] = deque()  # ids, each once
        self._queued = Spread[bool]()
        self._places = Spread[int]()  # of those that have a vector, in what follows
        self._ids: list[str] = []
        self._signs: list[int] = []
        self._vectors: list[Vector] = []

    def __len__(self) -> int:
        """Tools that have a vector."""
        return len(self._ids)

    @property
    def wants(self) -> bool:
        """Whether there may be tools without one."""
        return bool(self._queue)

    def ids(self) -> Iterable[str]:
        return self._kept

    def put(self, tool: Tool) -> None:
        before = self._kept.get(tool.id)
        if before is not None and before.tool is tool:
            return
        digest = text_of(tool).digest
        self._kept[tool.id] = _Kept(tool, digest)
        if before is None or before.digest != digest:
            self._forget(tool.id)
            self.again(tool.id)

    def remove(self, id: str) -> None:
        """No effect when it is not there."""
        self._kept.pop(id)
        self._forget(id)

    def wanted(self, limit: int) -> list[Wanted]:
        """So many tools at most that have no vector; they are not named again unless `again` says
        so. May be fewer than there are."""
        found: list[Wanted] = []
        for _ in range(min(len(self._queue), _LOOKS * limit)):
            id = self._queue.popleft()
            self._queued.pop(id)
            kept = self._kept.get(id)
            if kept is not None and id not in self._places:
                found.append(Wanted(id, kept.digest, text_of(kept.tool).text))
                if len(found) == limit:
                    break
        return found

    def again(self, id: str) -> None:
        """It still wants a vector."""
        if id not in self._queued:
            self._queued[id] = True
            self._queue.append(id)

    def vector(self, id: str, digest: bytes) -> Vector | None:
        """That of a tool, where it was made of such a text."""
        place, kept = self._places.get(id), self._kept.get(id)
        if place is None or kept is None or kept.digest != digest:
            return None
        return self._vectors[place]

    def learn(self, id: str, digest: bytes, vector: Vector) -> None:
        """No effect where the tool says something else by now, or is gone. All vectors have as many
        numbers."""
        kept = self._kept.get(id)
        if kept is None or kept.digest != digest or id in self._places:
            return
        self._places[id] = len(self._ids)
        self._ids.append(id)
        self._signs.append(vector.signs)
        self._vectors.append(vector)

    def nearest(self, to: Vector, limit: int, shown: Shown) -> Generator[None, None, list[Tool]]:
        """Those that are `shown`, the nearest first. Of the CLOSER whose signs differ least."""
        likely = yield from self._likely(to.signs, shown)
        return (yield from self.ranked(to, likely))[:limit]

    def ranked(self, to: Vector, tools: Iterable[Tool]) -> Generator[None, None, list[Tool]]:
        """Those of them that have a vector, the nearest first; equals in order of their names."""
        found: list[tuple[float, str, Tool]] = []
        for n, tool in enumerate(tools, 1):
            place = self._places.get(tool.id)
            if place is not None:
                found.append((-cosine(to, self._vectors[place]), tool.name, tool))
            if n % _EACH == 0:
                yield
        return [tool for _, _, tool in sorted(found, key=_RANK)]

    def _likely(self, signs: int, shown: Shown) -> Generator[None, None, list[Tool]]:
        found: list[tuple[int, str, Tool]] = []
        worst = SIGNS
        for at in range(0, len(self._ids), STEP):
            some = self._signs[at : at + STEP]
            differ = list(map(int.bit_count, map(signs.__xor__, some)))
            near = [(each, self._ids[at + n]) for n, each in enumerate(differ) if each <= worst]
            for n, (each, id) in enumerate(near, 1):
                kept = self._kept.get(id)
                if kept is not None and shown(kept.tool):
                    found.append((each, id, kept.tool))
                if n % _FEW == 0:
                    yield
            if len(found) > 2 * CLOSER:
                found = sorted(found, key=_RANK)[:CLOSER]
                worst = found[-1][0]
            yield
        best = sorted(found, key=_RANK)[:CLOSER]
        return list({id: tool for _, id, tool in best}.values())  # one that changed comes twice

    def _forget(self, id: str) -> None:
        """Its vector. The last one takes its place."""
        place = self._places.pop(id)
        if place is None:
            return
        last, signs, vector = self._ids.pop(), self._signs.pop(), self._vectors.pop()
        if last != id:
            self._places[last] = place
            self._ids[place], self._signs[place], self._vectors[place] = last, signs, vector
