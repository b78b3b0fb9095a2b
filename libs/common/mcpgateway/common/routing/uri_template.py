"""Whether a URI could come from a URI template (RFC 6570), without guessing its variables.

The match is a walk over sets of positions, which cost little more than one position, whatever a
template's author and a caller wrote. A URI of over 8,192 characters comes from no template.
"""

import re

MAX_URI = 8192  # characters

_EXPRESSION = re.compile(r"\{([+#./;?&]?)([^{}]*)\}")
# Operator -> what its expansion may not contain. Wider than the RFC, as the upstream judges again.
_EXCLUDED = {
    "": frozenset("/"),
    "+": frozenset(""),
    "#": frozenset(""),
    ".": frozenset("/"),
    "/": frozenset("?#"),
    ";": frozenset("/?#"),
    "?": frozenset("#"),
    "&": frozenset("#"),
}

Part = str | tuple[str, frozenset[str]]  # literal text, or (operator, excluded characters)
Template = tuple[Part, ...]


def parse(template: str) -> Template:
    """Braces that are no expression are literal text."""
    parts: list[Part] = []
    end = 0
    for found in _EXPRESSION.finditer(template):
        if found.start() > end:
            parts.append(template[end : found.start()])
        parts.append((found[1], _EXCLUDED[found[1]]))
        end = found.end()
    if end < len(template):
        parts.append(template[end:])
    return tuple(parts)


class Uri:
    """A URI as sets of positions, each an integer with one bit a position (bit 0: the start). What
    was worked out of it is kept for the templates after the first."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._too_long = len(text) > MAX_URI
        self._places: dict[frozenset[str], int] = {}

    def matches(self, template: Template) -> bool:
        if self._too_long or not self._begins_like(template):
            return False
        positions = 1
        for part in template:
            if isinstance(part, str):
                positions = self._literal(positions, part)
            else:
                positions = self._expansion(positions, *part)
            if not positions:
                return False
        return bool(positions >> len(self._text))

    def _begins_like(self, template: Template) -> bool:
        """Sorts out nearly all templates."""
        first = template[0] if template else ""
        return not isinstance(first, str) or self._text.startswith(first)

    def _literal(self, positions: int, text: str) -> int:
        for character in text:
            positions = (positions & self._where(frozenset(character))) << 1
        return positions

    def _expansion(self, starts: int, operator: str, excluded: frozenset[str]) -> int:
        """Where an expression that begins at one of `starts` may end. Expressions with an operator
        of their own may be absent or empty; the others take at least one character."""
        optional = 0
        if operator not in ("", "+"):
            after = self._literal(starts, operator)
            optional = starts | after
            starts = after
        allowed = ~self._where(excluded) & ((1 << len(self._text)) - 1)
        starts &= allowed
        # The carry of an addition runs through the allowed positions up to where they end.
        reached = ((starts + allowed) ^ allowed) | starts
        return ((reached & allowed) << 1) | optional

    def _where(self, characters: frozenset[str]) -> int:
        """The positions of any of these characters."""
        known = self._places.get(characters)
        if known is None:
            bits = "".join(["1" if each in characters else "0" for each in reversed(self._text)])
            known = self._places[characters] = int(bits or "0", 2)
        return known
