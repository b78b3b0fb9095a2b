"""Whether a URI could come from a URI template (RFC 6570), without guessing its variables.

The match is a walk over sets of positions, so its cost is bounded by the template's parts times
the URI's length, whatever a template's author wrote.
"""

import re

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


def matches(template: Template, uri: str) -> bool:
    positions = {0}
    for part in template:
        if isinstance(part, str):
            positions = {p + len(part) for p in positions if uri.startswith(part, p)}
        else:
            positions = _expand(uri, positions, *part)
        if not positions:
            return False
    return len(uri) in positions


def _expand(uri: str, starts: set[int], operator: str, excluded: frozenset[str]) -> set[int]:
    """Where an expression that begins at one of `starts` may end. Expressions with an operator
    of their own may be absent or empty; the others take at least one character."""
    optional: set[int] = set()
    if operator not in ("", "+"):
        after = {p + 1 for p in starts if uri.startswith(operator, p)}
        optional = starts | after
        starts = after
    ends: set[int] = set()
    for start in sorted(starts):
        position = start
        while position < len(uri) and uri[position] not in excluded:
            position += 1
            if position in ends:
                break  # an earlier start walked on from here
            ends.add(position)
    return ends | optional
