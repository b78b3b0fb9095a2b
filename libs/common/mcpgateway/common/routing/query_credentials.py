"""Credentials that an upstream wants in its query string, in a Credential. Pure.

Such a pair has `?` before its name, which no header line's can have. What of a URL is shown or
logged is without the query, so the secret goes nowhere else.
"""

from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit, urlunsplit

Pair = tuple[str, str]
_MARK = "?"


class Told(NamedTuple):
    """Header lines, and parameters of the query."""

    headers: tuple[Pair, ...]
    query: tuple[Pair, ...]


def parameter(name: str, value: str) -> Pair:
    """The pair of a credential that says so."""
    return _MARK + name, value


def told_apart(pairs: Iterable[Pair]) -> Told:
    """Each kind in its order."""
    all_of = tuple(pairs)
    headers = tuple(pair for pair in all_of if not pair[0].startswith(_MARK))
    query = tuple((name[1:], value) for name, value in all_of if name.startswith(_MARK))
    return Told(headers, query)


def with_query(url: str, query: Iterable[Pair]) -> str:
    """The URL with these parameters after its own; the same without any.

    >>> with_query("https://x.example/mcp?a=1", [("key", "a b")])
    'https://x.example/mcp?a=1&key=a+b'
    """
    added = urlencode(tuple(query))
    if not added:
        return url
    parts = urlsplit(url)
    joined = "&".join(part for part in (parts.query, added) if part)
    return urlunsplit(parts._replace(query=joined))
