"""Few figures that stand for many. Pure."""

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from bench.contract import Line


class Spread(NamedTuple):
    least: float
    middle: float
    most: float


def spread(values: Sequence[float]) -> Spread:
    """Raises ValueError when there are none."""
    if not values:
        raise ValueError("no values")
    return Spread(min(values), median(values), max(values))


def percentile(values: Sequence[float], percent: float) -> float:
    """The least value that so many percent do not exceed (nearest rank). Raises ValueError when
    there are none."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    rank = -(-len(ordered) * percent // 100)  # rounded up
    return ordered[max(0, min(len(ordered), int(rank)) - 1)]


def ratios(values: Sequence[float], base: Sequence[float]) -> tuple[float, ...]:
    """Round by round: what was measured side by side is compared."""
    return tuple(value / other for value, other in zip(values, base, strict=True))


def differences(values: Sequence[float], base: Sequence[float]) -> tuple[float, ...]:
    return tuple(value - other for value, other in zip(values, base, strict=True))


def verdict(line: Line) -> bool | None:
    """Whether the target is met; None without one."""
    target = line.target
    if target is None:
        return None
    found = spread(line.values)
    worst = found.most if target.sense == "<=" else found.least
    held = target.worst is None or target.holds(worst, target.worst)
    return target.holds(found.middle) and held
