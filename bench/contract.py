"""What a row of the benchmark is, and what it measures: values only, nothing is done here."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Sense = Literal["<=", ">="]


class Skipped(Exception):
    """A row, or a part of one, that can not be measured here; the message says why."""


class Trouble(Exception):
    """A measurement went wrong: something answered otherwise than it should."""


@dataclass(frozen=True)
class Target:
    """What the median must keep and, with `worst`, what every round must keep."""

    sense: Sense
    value: float
    worst: float | None = None

    def holds(self, value: float, bound: float | None = None) -> bool:
        limit = self.value if bound is None else bound
        return value <= limit if self.sense == "<=" else value >= limit


@dataclass(frozen=True)
class Line:
    """One figure: a value for each round. `unit` "of nginx" and "x" are ratios within a round."""

    what: str
    unit: str
    values: tuple[float, ...]
    target: Target | None = None


@dataclass
class Lab:
    """What a row is given. `rounds` and `seconds` (of one measurement) are the caller's wish; a
    row that takes long may do fewer. `notes` are shown below its table."""

    folder: Path
    rounds: int
    seconds: int
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


@dataclass(frozen=True)
class Row:
    """`measure` starts what it needs, ends it, and returns the lines of its table. Raises Skipped
    when this machine can not do it."""

    name: str
    title: str
    about: str
    measure: Callable[[Lab], Iterable[Line]]
    needs: tuple[str, ...] = ()  # programs on the PATH
