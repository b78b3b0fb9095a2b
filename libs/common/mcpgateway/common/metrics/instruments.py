"""Counters, histograms, and the registry that knows all of a process.

An instrument is a plain number: moving one is an assignment, resolving its labels is done by who
moves it, once. What other parts count already is read when somebody asks (`Registry.read`).
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

from mcpgateway.common.metrics.exposition import Family, Kind, Sample

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
SERIES = 2_000  # of one family; what comes after shares the series whose labels are all OTHER
OTHER = "other"


class Counter:
    """Add to `value`; a gauge may also be set, or lowered."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: float = 0


class Histogram:
    """`bounds` are the inclusive upper ends of the buckets, ascending; one more has no end."""

    __slots__ = ("_bounds", "counts", "sum")

    def __init__(self, bounds: Sequence[float] = SECONDS) -> None:
        self._bounds = tuple(bounds)
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self._bounds, value)] += 1
        self.sum += value


T = TypeVar("T")


class Labelled(Generic[T]):
    """Instruments by their label values, made when first asked for. At most `limit` of them, then
    one for all others: labels come from names that users choose."""

    def __init__(self, make: Callable[[], T], labels: int, limit: int = SERIES) -> None:
        self._make = make
        self._labels = labels
        self._limit = limit
        self._made: dict[tuple[str, ...], T] = {}

    def of(self, *values: str) -> T:
        made = self._made.get(values)
        if made is None:
            if len(values) != self._labels:
                raise ValueError(f"{self._labels} label values are needed, got {values!r}")
            if len(self._made) >= self._limit:
                values = (OTHER,) * self._labels
            made = self._made.setdefault(values, self._make())
        return made

    def items(self) -> Iterable[tuple[tuple[str, ...], T]]:
        return self._made.items()


Values = Iterable[tuple[tuple[str, ...], float]]
"""Label values, and the number of that series."""


class Registry:
    """All families of a process, in the order in which they were added."""

    def __init__(self) -> None:
        self._readers: dict[str, Callable[[], Family]] = {}
        self.described: dict[str, tuple[Kind, tuple[str, ...]]] = {}  # kind and labels, by name

    def counter(self, name: str, help: str) -> Counter:
        counter = Counter()
        self.read("counter", name, help, (), lambda: (((), counter.value),))
        return counter

    def counters(
        self, name: str, help: str, labels: Sequence[str], *, limit: int = SERIES
    ) -> Labelled[Counter]:
        made = Labelled(Counter, len(labels), limit)

        def values() -> Values:
            return [(key, each.value) for key, each in made.items()]

        self.read("counter", name, help, labels, values)
        return made

    def histogram(self, name: str, help: str, bounds: Sequence[float] = SECONDS) -> Histogram:
        return self.histograms(name, help, (), bounds).of()

    def histograms(
        self, name: str, help: str, labels: Sequence[str], bounds: Sequence[float] = SECONDS
    ) -> Labelled[Histogram]:
        made = Labelled(lambda: Histogram(bounds), len(labels))

        def family() -> Family:
            samples = [Sample(key, each.sum, list(each.counts)) for key, each in made.items()]
            return Family(name, "histogram", help, tuple(labels), samples, tuple(bounds))

        self._add("histogram", name, labels, family)
        return made

    def read(
        self, kind: Kind, name: str, help: str, labels: Sequence[str], values: Callable[[], Values]
    ) -> None:
        """A family whose numbers are asked for when it is shown."""

        def family() -> Family:
            samples = [Sample(key, float(value)) for key, value in values()]
            return Family(name, kind, help, tuple(labels), samples)

        self._add(kind, name, labels, family)

    def gauge(self, name: str, help: str, value: Callable[[], float]) -> None:
        """One number, asked for when it is shown."""
        self.read("gauge", name, help, (), lambda: (((), value()),))

    def families(self) -> list[Family]:
        return [family() for family in self._readers.values()]

    def _add(
        self, kind: Kind, name: str, labels: Sequence[str], family: Callable[[], Family]
    ) -> None:
        if name in self._readers:
            raise ValueError(f"there is a metric {name} already")
        self._readers[name] = family
        self.described[name] = (kind, tuple(labels))
