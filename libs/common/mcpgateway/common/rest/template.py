"""The URL of a REST operation: fixed text with places for arguments (RFC 6570): `{name}`, and in a
path `{+name}`, whose slashes stay. Pure.

An argument fills its place and nothing else: all but unreserved characters are percent-encoded,
and what would make another path of it all the same is refused.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import isfinite
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, urlsplit

from mcpgateway.common.strict_json import Located, pointer

MAX_URL = 8192  # characters of a request target, with arguments

_HOLE = re.compile(r"\{(\+?[A-Za-z0-9_.-]{1,128})\}")
_FIXED = re.compile(r"[!-~]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_STEPS = re.compile(r"[/\\]")
_EMPTY = "is empty, or has an empty step: it is a part of the URL's path"


class Hole(NamedTuple):
    """Where an argument goes; `slashes` of it stay."""

    name: str
    slashes: bool = False


Part = str | Hole


class Template(NamedTuple):
    """`base` is scheme, host and port, which no argument touches."""

    base: str
    host: str
    path: tuple[Part, ...]
    query: tuple[Part, ...]

    @property
    def names(self) -> frozenset[str]:
        """Of the arguments that have a place in it."""
        return frozenset(
            part.name for part in (*self.path, *self.query) if not isinstance(part, str)
        )

    @property
    def query_keys(self) -> frozenset[str]:
        """Parameters that the URL sets itself."""
        text = "".join([part if isinstance(part, str) else "x" for part in self.query])
        return frozenset(key for key, _ in parse_qsl(text, keep_blank_values=True))


def parse(url: str) -> Template:
    """Raises ValueError, whose message goes on from the URL's name."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"is not valid: {error}") from None
    problem = _problem(url, parts.scheme, parts.netloc, parts.hostname or "", port)
    if problem:
        raise ValueError(problem)
    base = f"{parts.scheme}://{parts.netloc}"
    return Template(
        base, (parts.hostname or "").lower(), _parts(parts.path or "/"), _parts(parts.query)
    )


def _problem(url: str, scheme: str, netloc: str, host: str, port: int | None) -> str:
    if scheme not in ("http", "https") or not host:
        return "must begin with http:// or https:// and a host"
    if "{" in netloc or "}" in netloc:
        return "has an argument in its host; arguments have their places in path and query"
    if "@" in netloc:
        return "must not hold a user name or password"
    if "#" in url:
        return "must not have a fragment"
    if port == 0 or len(url) > MAX_URL:
        return f"must have a port above 0 and at most {MAX_URL} characters"
    if not _FIXED.fullmatch(url):
        return "holds characters that must be percent-encoded"
    return _misplaced(url)


def _misplaced(url: str) -> str:
    if "{+" in url.partition("?")[2]:
        return "has a {+name} in its query; its place is the path"
    rest = _HOLE.sub("", url)
    if "{" in rest or "}" in rest:
        return "has a brace that belongs to no {name} of letters, digits and _.-"
    return ""


def _parts(text: str) -> tuple[Part, ...]:
    found: list[Part] = []
    for index, piece in enumerate(_HOLE.split(text)):
        if index % 2:
            found.append(Hole(piece.removeprefix("+"), piece.startswith("+")))
        elif piece:
            found.append(piece)
    return tuple(found)


def fill(template: Template, arguments: Mapping[str, Any], problems: list[Located]) -> str:
    """Path and, after `?`, query. What is wrong with arguments is added to `problems`; the text is
    of no use then."""
    path = "".join(_filled(template.path, arguments, problems, path=True))
    if any(step in (".", "..") for step in path.split("/")) and not problems:
        problems.append(Located("", "the arguments make a path with a step . or .. of the URL"))
    query = "".join(_filled(template.query, arguments, problems, path=False))
    return f"{path}?{query}" if query else path


def _filled(
    parts: Iterable[Part], arguments: Mapping[str, Any], problems: list[Located], *, path: bool
) -> Iterator[str]:
    for part in parts:
        if isinstance(part, str):
            yield part
            continue
        if part.name not in arguments:
            problems.append(Located(pointer([part.name]), "is missing: it is a part of the URL"))
            continue
        value = arguments[part.name]
        texts = [scalar(each) for each in (value if isinstance(value, list) else [value])]
        wrong = _wrong(texts, part, path=path)
        if wrong:
            problems.append(Located(pointer([part.name]), wrong))
        safe = "/" if part.slashes else ""
        yield ",".join([encoded(text or "", safe) for text in texts])


def _wrong(texts: Sequence[str | None], hole: Hole, *, path: bool) -> str:
    if path and not texts:
        return _EMPTY
    return next((wrong for text in texts if (wrong := _wrong_text(text, hole, path))), "")


def _wrong_text(text: str | None, hole: Hole, path: bool) -> str:
    if text is None:
        return "must be a string, a number or a boolean, or an array of those: it is in the URL"
    if _CONTROL.search(text) or not _is_text(text):
        return "holds a control character or half a character: it is a part of the URL"
    return _wrong_in_path(text, hole) if path else ""


def _wrong_in_path(text: str, hole: Hole) -> str:
    steps = _STEPS.split(text)
    if not text or (hole.slashes and "" in steps):
        return _EMPTY
    if any(step in (".", "..") for step in steps):
        return "has a step . or .. and would name another path of the URL"
    return ""


def encoded(text: str, safe: str = "") -> str:
    """With everything percent-encoded but letters, digits, -._~ and what is `safe`."""
    return quote(text.encode("utf-8", "replace"), safe=safe)


def scalar(value: Any) -> str | None:
    """A value as text; None for what is none: null, arrays, objects, numbers too large."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not isfinite(value):
        return None
    return str(value) if isinstance(value, str | int | float) else None


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
