"""Lists that go on over several answers of a REST service. Pure.

Each page is asked for at the origin of the first, and with its other query parameters: a service
can name no other host, and takes no credential away.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote_plus, urljoin, urlsplit

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.rest.template import MAX_URL, encoded, scalar
from mcpgateway.common.routing.rest_request import Pagination, RestRequest

MAX_PAGES = 100
MAX_TOLD = 500  # characters of a cursor
MAX_LINK = 16 * 1024  # characters of a Link header that are read

_LINK = re.compile(
    r'<([^<>"]{1,8192})>((?:\s*;\s*[A-Za-z0-9*_-]{1,40}\s*=\s*(?:"[^"]*"|[^",;<>]*))*)'
)
_REL = re.compile(r';\s*rel\s*=\s*(?:"([^"]*)"|([^",;\s]*))', re.IGNORECASE)
_TARGET = re.compile(r"/[!-~]*")
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_elements = msgspec.json.Decoder(list[msgspec.Raw])
_anything = msgspec.json.Decoder()


class NotPaged(ValueError):
    """An answer is no page of such a list; the message says why."""


class Page(NamedTuple):
    """`next` is the target of the page after it, "" for none. `elsewhere`: there is one, at
    another origin."""

    items: list[msgspec.Raw]
    next: str = ""
    elsewhere: bool = False


def steps(pointer: str) -> list[str]:
    """Of a JSON pointer (RFC 6901). Raises ValueError."""
    if pointer and not pointer.startswith("/"):
        raise ValueError("must be empty or begin with /")
    return [each.replace("~1", "/").replace("~0", "~") for each in pointer.split("/")[1:]]


def read(how: Pagination, url: str, body: bytes, link: str) -> Page:
    """One answer to a GET of `url`, which has no fragment. `link` is its Link header. Raises
    NotPaged."""
    found = _at(body, steps(how.items))
    try:
        items = _elements.decode(found or b"null")
    except (msgspec.DecodeError, RecursionError):
        said = f"at {how.items!r}" if how.items else "as a whole"
        raise NotPaged(f"the answer is no array {said}") from None
    if not items or (how.more and _value(body, how.more) is not True):
        return Page(items)
    return _with_next(how, url, items, _next(how, url, body, link, len(items)))


def _with_next(how: Pagination, url: str, items: list[msgspec.Raw], following: str) -> Page:
    if not following:
        return Page(items)
    try:
        there, here = urlsplit(following), urlsplit(url)
        same = _origin(there) == _origin(here)
    except ValueError:
        return Page(items)
    target = (there.path or "/") + (f"?{there.query}" if there.query else "")
    if not same:
        return Page(items, elsewhere=True)
    usable = _TARGET.fullmatch(target) and len(target) <= MAX_URL and following != url
    return Page(items, target if usable else "")


def _origin(parts: Any) -> tuple[str, str, int]:
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    return parts.scheme, (parts.hostname or "").lower(), port


def _next(how: Pagination, url: str, body: bytes, link: str, count: int) -> str:
    """The URL of the next page, "" for none."""
    if how.style == "link":
        return _joined(url, linked(link))
    if how.style in ("url", "cursor"):
        value = _value(body, how.next)
        text = None if value is False else scalar(value)
        if how.style == "url":
            return _joined(url, text or "")
        return with_parameter(url, how.parameter, text) if text else ""
    step = 1 if how.style == "page" else count
    given = _parameter(url, how.parameter)
    start = int(given) if given.isascii() and given.isdecimal() and len(given) < 19 else None
    if start is None:
        start = 1 if how.style == "page" else 0
    return with_parameter(url, how.parameter, str(start + step))


def _joined(url: str, reference: str) -> str:
    try:
        return urljoin(url, reference).partition("#")[0] if reference else ""
    except ValueError:
        return ""


def linked(header: str) -> str:
    """The target of `rel="next"` in a Link header, "" for none."""
    for found in _LINK.finditer(header[:MAX_LINK]):
        rel = _REL.search(found[2])
        if rel is not None and "next" in (rel[1] or rel[2] or "").lower().split():
            return found[1].strip()
    return ""


def with_parameter(url: str, name: str, value: str) -> str:
    """The URL with this query parameter, in place of the one that it has."""
    base, _, query = url.partition("?")
    others = [each for each in query.split("&") if each and _key(each) != name]
    return f"{base}?{'&'.join([*others, f'{encoded(name)}={encoded(value)}'])}"


def _parameter(url: str, name: str) -> str:
    for each in url.partition("?")[2].split("&"):
        if _key(each) == name:
            return unquote_plus(each.partition("=")[2])
    return ""


def _key(pair: str) -> str:
    return unquote_plus(pair.partition("=")[0])


def with_query(target: str, query: str) -> str:
    """A target with these parameters, in place of any of their names."""
    names = {_key(each) for each in query.split("&")}
    path, _, present = target.partition("?")
    others = [each for each in present.split("&") if each and _key(each) not in names]
    return f"{path}?{'&'.join([*others, query])}"


def whole(request: RestRequest, last: bytes, pages: Sequence[Page]) -> bytes:
    """The last answer with the items of all."""
    if request.pagination is None or len(pages) < 2:
        return last
    items = b",".join([bytes(item) for page in pages for item in page.items])
    return _replaced(last, steps(request.pagination.items), b"[" + items + b"]")


def note(request: RestRequest, pages: Sequence[Page], missing: str) -> str:
    """What the model is told of pages that are not there, "" for nothing. `missing`: why the one
    after these is."""
    if missing:
        return f"The list goes on after these items, but page {len(pages) + 1} failed: {missing}"
    last = pages[-1]
    if last.elsewhere:
        return "The list goes on after these items, at another origin, which is not called."
    if not last.next or request.pagination is None:
        return ""
    said = f"The list goes on after these items ({len(pages)} pages)"
    name = request.pagination.parameter
    if request.pagination.style not in ("cursor", "page", "offset"):
        return f"{said}: ask for fewer, by narrower arguments."
    argument = next((each for each, key in request.query_mapping.items() if key == name), name)
    value = json.dumps(_parameter(last.next, name)[:MAX_TOLD], ensure_ascii=False)
    return f"{said}: call again with {argument!r} {value}."


def _replaced(raw: bytes, path: Sequence[str], value: bytes) -> bytes:
    if not path:
        return value
    members = _object(raw)
    inside = bytes(members.get(path[0], b"null"))
    changed = msgspec.Raw(_replaced(inside, path[1:], value))
    return jsonrpc.join_params({**members, path[0]: changed})


def _object(raw: bytes) -> Mapping[str, msgspec.Raw]:
    try:
        return _members.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return {}


def _at(raw: bytes, path: Sequence[str]) -> bytes | None:
    """What is at a place of a JSON document, None for nothing."""
    found: msgspec.Raw | None = None
    for step in path:
        in_array = raw.lstrip()[:1] == b"["
        found = _element(raw, step) if in_array else _object(raw).get(step)
        if found is None:
            return None
        raw = bytes(found)
    return raw


def _element(raw: bytes, step: str) -> msgspec.Raw | None:
    if not (step == "-1" or (step.isascii() and step.isdecimal() and len(step) < 9)):
        return None
    try:
        elements = _elements.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return None
    return elements[int(step)] if elements and int(step) < len(elements) else None


def _value(body: bytes, pointer: str) -> Any:
    found = _at(body, steps(pointer))
    try:
        return None if found is None else _anything.decode(found)
    except (msgspec.DecodeError, RecursionError):
        return None
