"""An inverted index of tools that changes tool by tool, and its ranking (BM25).

What a tool says of a word is kept in a byte, and depends on that tool alone: lengths are held
against a fixed one, not against the mean. How rare a word is counts what is in the index now. So an
index that was changed answers as one that was built anew (a property). Equals are in order of their
names.

Of very many entries only those of the words that say most are gone through. What the others say is
looked up for the tools that are best until then, unless the caller sees too few of these.

Long work comes as generators that yield every fraction of a millisecond. Between two steps the
index may be changed; a search then finds what is there when it looks.
"""

from array import array
from bisect import bisect_left
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from heapq import nlargest, nsmallest
from math import log
from typing import NamedTuple

from mcpgateway.common.routing.model import Tool
from mcpgateway.common.search.spread import Spread
from mcpgateway.common.search.synonyms import SYNONYMS
from mcpgateway.common.search.tool_words import weights
from mcpgateway.common.search.words import words

QUERY_WORDS = 16  # of a query that are looked for
ENTRIES = 24_000  # of the words that say most; of all others only what the best so far have
LIKELY = 256  # that are the best so far
STEP = 2_048  # entries between two yields

_K1, _B, _LENGTH = 1.2, 0.4, 40.0  # _LENGTH: that of a tool which is neither long nor short
_SCALE = 255
_SYNONYM, _BEGINNING = 0.4, 0.5  # what a word counts that was not asked for itself
_BEGINNINGS = 3  # words that begin as one that is in no tool
_SHORTEST = 3  # characters of such a beginning

Shown = Callable[[Tool], bool]


class _Entries:
    """The tools that have a word, by number, ascending; those that are gone are among them."""

    __slots__ = ("impacts", "live", "numbers")

    def __init__(self) -> None:
        self.numbers = array("I")
        self.impacts = bytearray()
        self.live = 0


class _Wanted(NamedTuple):
    """A word's entries, and what a unit of their impacts counts."""

    weight: float
    word: str
    entries: _Entries


class Index:
    """`tools` in it are found by id; putting another of the same id replaces it."""

    def __init__(self) -> None:
        self._entries = Spread[_Entries]()
        self._heads: dict[str, dict[str, None]] = {}  # words by how they begin
        self._tools: list[Tool | None] = []
        self._numbers = Spread[int]()

    def __len__(self) -> int:
        return len(self._numbers)

    def __contains__(self, id: object) -> bool:
        return id in self._numbers

    def ids(self) -> Iterable[str]:
        return self._numbers

    @property
    def gone(self) -> int:
        """Tools that were taken out and still have their place; `renewed` gives it back."""
        return len(self._tools) - len(self._numbers)

    def put(self, tool: Tool) -> None:
        """The very same object again costs nothing."""
        number = self._numbers.get(tool.id)
        if number is not None:
            if self._tools[number] is tool:
                return
            self.remove(tool.id)
        number = self._numbers[tool.id] = len(self._tools)
        self._tools.append(tool)
        for word, impact in _impacts(tool):
            entries = self._entries.get(word)
            if entries is None:
                entries = self._entries[word] = _Entries()
                self._heads.setdefault(word[:_SHORTEST], {})[word] = None
            entries.numbers.append(number)
            entries.impacts.append(impact)
            entries.live += 1

    def remove(self, id: str) -> None:
        """No effect when it is not there."""
        number = self._numbers.pop(id)
        if number is None:
            return
        tool, self._tools[number] = self._tools[number], None
        for word in () if tool is None else weights(tool):
            entries = self._entries.get(word)
            if entries is None:
                continue
            entries.live -= 1
            if not entries.live:
                del self._entries[word]
                del self._heads[word[:_SHORTEST]][word]

    def renewed(self) -> Generator[None, None, "Index"]:
        """The same without what is gone. It must not be changed meanwhile."""
        made = Index()
        for number, tool in enumerate(self._tools):
            if tool is not None:
                made.put(tool)
            if number % 16 == 0:
                yield
        return made

    def search(self, query: str, limit: int, shown: Shown) -> Generator[None, None, list[Tool]]:
        """The best that are `shown`, best first. Words that no tool has change nothing."""
        first, rest = _split(self._wanted(query))
        scores = yield from _scores(first, {})
        if rest:
            likely = yield from _likely(scores, rest)
            found = yield from self._best(likely, limit, shown)
            if len(found) >= limit:
                return found
            scores = yield from _scores(rest, scores)
        return (yield from self._best(scores, limit, shown))

    def _wanted(self, query: str) -> list[_Wanted]:
        asked: dict[str, float] = {}
        for word in list(dict.fromkeys(words(query)))[:QUERY_WORDS]:
            asked[word] = 1.0
            known = word in self._entries
            for other in SYNONYMS.get(word, ()):
                asked[other] = max(asked.get(other, 0.0), _SYNONYM)
                known = known or other in self._entries
            if not known and len(word) >= _SHORTEST:
                for other in self._beginning(word):
                    asked[other] = max(asked.get(other, 0.0), _BEGINNING)
        found = []
        for word, weight in asked.items():
            entries = self._entries.get(word)
            if entries is not None:
                says = weight * self._rarity(entries) / _SCALE
                found.append(_Wanted(says, word, entries))
        return sorted(found, key=lambda each: (-each.weight, each.word))

    def _beginning(self, word: str) -> list[str]:
        """Words that begin so: those that most tools have."""
        found = [each for each in self._heads.get(word[:_SHORTEST], ()) if each.startswith(word)]
        return nsmallest(_BEGINNINGS, found, key=lambda each: (-self._live(each), each))

    def _live(self, word: str) -> int:
        entries = self._entries.get(word)
        return 0 if entries is None else entries.live

    def _rarity(self, entries: _Entries) -> float:
        """Inverse document frequency, never negative."""
        return log(1 + (len(self) - entries.live + 0.5) / (entries.live + 0.5))

    def _best(
        self, scores: Mapping[int, float], limit: int, shown: Shown
    ) -> Generator[None, None, list[Tool]]:
        found: list[Tool] = []
        bound: float | None = None
        for least in _bounds(scores, limit):
            level: dict[float, list[Tool]] = {}
            for at, (number, score) in enumerate(scores.items()):
                if score >= least and (bound is None or score < bound):
                    tool = self._tools[number]
                    if tool is not None:
                        level.setdefault(score, []).append(tool)
                if at % STEP == 0:
                    yield
            for score in sorted(level, reverse=True):
                found += yield from _first(level[score], limit - len(found), shown)
                if len(found) >= limit:
                    return found
            bound = least
        return found


def _first(equals: list[Tool], limit: int, shown: Shown) -> Generator[None, None, list[Tool]]:
    """Of tools with one score, in order of their names."""
    likely: list[Tool] = []
    for at in range(0, len(equals), STEP):
        likely = nsmallest(4 * limit, likely + equals[at : at + STEP], key=_name)
        yield
    found = [each for each in likely if shown(each)]
    if len(found) < limit and len(likely) < len(equals):
        found = [each for each in sorted(equals, key=_name) if shown(each)]
    return found[:limit]


def _name(tool: Tool) -> str:
    return tool.name


def _impacts(tool: Tool) -> Iterator[tuple[str, int]]:
    """What each of its words says of a tool, 1 to 255."""
    found = weights(tool)
    room = _K1 * (1 - _B + _B * sum(found.values()) / _LENGTH)
    for word, weight in found.items():
        yield word, max(1, round(_SCALE * weight / (weight + room)))


def _split(wanted: list[_Wanted]) -> tuple[list[_Wanted], list[_Wanted]]:
    """Those that are gone through, and those that are looked up."""
    room = ENTRIES
    for n, each in enumerate(wanted):
        room -= each.entries.live
        if room < 0:
            cut = max(n, 1)
            return wanted[:cut], wanted[cut:]
    return wanted, []


def _scores(
    wanted: list[_Wanted], scores: dict[int, float]
) -> Generator[None, None, dict[int, float]]:
    """By number, of all that have any of the words, added to what is there."""
    get = scores.get
    for weight, _, entries in wanted:
        numbers, impacts = entries.numbers, entries.impacts
        for at in range(0, len(numbers), STEP):
            some, said = numbers[at : at + STEP], impacts[at : at + STEP]
            if scores:
                for number, impact in zip(some, said, strict=True):
                    scores[number] = get(number, 0.0) + weight * impact
            else:
                scores.update(zip(some, map(weight.__mul__, said), strict=True))
            yield
    return scores


def _likely(
    scores: Mapping[int, float], rest: list[_Wanted]
) -> Generator[None, None, dict[int, float]]:
    """The best of them, with what the rest of the words say of these."""
    least = nlargest(LIKELY, scores.values())[-1] if scores else 0.0
    found = {}
    for n, (number, score) in enumerate(scores.items()):
        if score >= least:
            found[number] = score
        if n % STEP == 0:
            yield
    for n, number in enumerate(found):
        for weight, _, entries in rest:
            found[number] += weight * _impact(entries, number)
        if n % 64 == 0:
            yield
    return found


def _impact(entries: _Entries, number: int) -> int:
    at = bisect_left(entries.numbers, number)
    there = at < len(entries.numbers) and entries.numbers[at] == number
    return entries.impacts[at] if there else 0


def _bounds(scores: Mapping[int, float], limit: int) -> Iterator[float]:
    """Scores above which there are ever more tools; the last is below all."""
    many = 4 * limit
    while many < len(scores) // 8:
        yield nlargest(many, scores.values())[-1]
        many *= 8
    yield 0.0
