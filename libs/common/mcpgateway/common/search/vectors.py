"""What a text means, as numbers of a model: kept small, compared by the cosine of their angle.

Of each number a byte is kept, and of the first ones their signs as one integer: how many of these
differ is counted in 0.1 us, which is enough to say which vectors are worth a closer look.
"""

from array import array
from collections.abc import Sequence
from math import hypot, isfinite
from operator import mul
from typing import NamedTuple

FEWEST, MOST = 8, 1_024  # numbers of a vector
SIGNS = 256  # that are kept as one integer

_LEAST = 1e-30  # the largest number of a vector is above it


class Vector(NamedTuple):
    """`values` are -127 to 127, `length` is theirs."""

    signs: int
    values: "array[int]"
    length: float


def vector(numbers: Sequence[float]) -> Vector:
    """Raises ValueError for what can be no vector."""
    if not FEWEST <= len(numbers) <= MOST:
        raise ValueError(f"a vector must have {FEWEST} to {MOST} numbers, got {len(numbers)}")
    largest = max(map(abs, numbers))
    if not all(map(isfinite, numbers)) or largest < _LEAST:
        raise ValueError("a vector must have a direction")
    values = array("b", [round(each / largest * 127) for each in numbers])
    signs = int("".join("1" if each > 0 else "0" for each in numbers[:SIGNS]), 2)
    return Vector(signs, values, hypot(*values))


def cosine(a: Vector, b: Vector) -> float:
    """-1 to 1. Both have as many numbers."""
    product: int = sum(map(mul, a.values, b.values))
    return product / (a.length * b.length)
