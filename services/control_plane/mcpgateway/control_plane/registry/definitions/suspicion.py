"""Signs that a definition speaks to the model behind the user's back. Pure.

A sign is a reason to look, no verdict: honest descriptions may have one, and a careful attacker
shows none. Nothing is refused because of it.
"""

import re
from collections.abc import Iterator

from mcpgateway.control_plane.registry.definitions.definition_diff import read

MAX_WARNINGS = 20
_DEPTH = 40
# Written, and not seen: zero widths, directions, invisible operators, tags.
_HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufeff\uffa0\U000e0000-\U000e007f]"
)
_ORDERS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?:ignore|disregard|forget)\b.{0,40}\b(?:previous|prior|above|earlier|other)\b",
        r"\b(?:do not|don't|never)\b.{0,30}\b(?:tell|mention|inform|reveal|show)\b.{0,30}\buser\b",
        r"\bwithout\b.{0,30}\b(?:telling|informing|asking)\b.{0,20}\buser\b",
        r"<\s*(?:important|system|secret|instructions?)\s*>",
        r"\bsystem prompt\b",
        r"~/\.ssh|\bid_rsa\b|/etc/passwd",
    )
)


def warnings(definition: str) -> tuple[str, ...]:
    """One line for each text that has a sign, with its path; at most MAX_WARNINGS."""
    found: list[str] = []
    for at, text in _texts("", read(definition), _DEPTH):
        for problem in _signs(text):
            found.append(f"{at}: {problem}")
            if len(found) == MAX_WARNINGS:
                return tuple(found)
    return tuple(found)


def _signs(text: str) -> Iterator[str]:
    hidden = _HIDDEN.search(text)
    if hidden:
        yield f"holds characters that nobody sees, such as U+{ord(hidden[0]):04X}"
    for order in _ORDERS:
        match = order.search(text)
        if match:
            yield f"reads like an order to the model: {match[0][:80]!r}"


def _texts(at: str, value: object, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield at, value
    elif depth and isinstance(value, dict):
        for name, each in value.items():
            place = f"{at}.{name[:80]}" if at else name[:80]
            yield place, name
            yield from _texts(place, each, depth - 1)
    elif depth and isinstance(value, list):
        for index, each in enumerate(value):
            yield from _texts(f"{at}[{index}]", each, depth - 1)
