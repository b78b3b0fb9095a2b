"""Templates that only copy: literal text and `{{ name }}`. They need no sandbox: filling one costs
no more than the text that comes out.

What is recognised here means the very same to Jinja2; everything else is left to it (`fill` and
`parse` know nothing of filters, statements, comments, whitespace control).
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

_HOLE = re.compile(r"\{\{[ \t]*([A-Za-z_][A-Za-z0-9_]*)[ \t]*\}\}")
# Where one of these is left, Jinja2 sees more than text; it also rewrites line ends.
_MORE = re.compile(r"\{\{|\{%|\{#|\r")
# Words of the language, and names that mean something without being given.
_TAKEN = frozenset(
    (
        "and",
        "caller",
        "context",
        "cycler",
        "dict",
        "else",
        "false",
        "False",
        "if",
        "import",
        "in",
        "is",
        "joiner",
        "kwargs",
        "loop",
        "namespace",
        "none",
        "None",
        "not",
        "or",
        "range",
        "recursive",
        "self",
        "super",
        "true",
        "True",
        "varargs",
    )
)


class Plain(NamedTuple):
    """`texts` has one more than `names`, which go between."""

    texts: tuple[str, ...]
    names: tuple[str, ...]


def parse(template: str) -> Plain | None:
    """None for a template that does more than copy."""
    parts = _HOLE.split(template)
    texts, names = tuple(parts[::2]), tuple(parts[1::2])
    if any(map(_MORE.search, texts)) or any(name in _TAKEN for name in names):
        return None
    if any(text.endswith("{") for text in texts[:-1]):
        return None  # `{{{ name }}`: Jinja2 takes the first two
    return Plain(texts, names)


def fill(plain: Plain, given: Mapping[str, str], room: int) -> str | None:
    """What is not given is empty. None when there would be more than `room` characters."""
    values = [given.get(name, "") for name in plain.names]
    if sum(map(len, plain.texts)) + sum(map(len, values)) > room:
        return None
    parts = [plain.texts[0]]
    for value, text in zip(values, plain.texts[1:], strict=True):
        parts += (value, text)
    return "".join(parts)
