"""Makes the HTTP request of a REST operation out of the arguments of a call. Pure.

Every argument has one place: the URL, the query, a header, a cookie, or the body. None gets out of
it, and none sets what the operation sets itself.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from mcpgateway.common import strict_json
from mcpgateway.common.rest import bodies, template
from mcpgateway.common.rest.query import Field, joined
from mcpgateway.common.rest.template import MAX_URL, Template, encoded, scalar
from mcpgateway.common.routing.rest_request import Body, RestRequest, body_of
from mcpgateway.common.strict_json import Located, pointer

MAX_HEADER = 4096  # bytes of an argument in a header
MAX_PROBLEMS = 20  # told of one call

_ACCEPT = "application/json, text/*;q=0.9, */*;q=0.8"
_NO_FIELD = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

Lines = tuple[tuple[bytes, bytes], ...]


class BadArguments(Exception):
    """No request can be made of these arguments."""

    def __init__(self, problems: list[Located]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


class Built(NamedTuple):
    """A request without what comes with the call (credentials, pass-through). `headers`, names in
    lower case, are the operation's own; `argued` those of arguments, which give way to all, as do
    the `cookies` (name and value) to those that are set already."""

    target: str
    headers: Lines
    argued: Lines
    body: bytes
    media_type: str = ""
    cookies: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """A REST request worked out as far as it is the same for all calls. `headers` are its own but
    for Content-Type; `taken` the query parameters that the URL sets. `fixed` is the target where
    no argument has a place in the URL; `whole`: all arguments are members of a JSON body.
    `media_type` is the Content-Type where each call has the same."""

    request: RestRequest
    url: Template
    headers: Lines
    taken: frozenset[str]
    body: Body
    fixed: str = ""
    whole: bool = False
    media_type: str = ""


@dataclass(slots=True)
class _Placed:
    """Where arguments go: fields of the query; headers, cookies and members of the body by their
    names there."""

    query: list[Field] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    body: dict[str, str] = field(default_factory=dict)


def operation(request: RestRequest) -> Operation:
    """Raises ValueError for a URL that can not be called (`rules.problems` says the same)."""
    url = template.parse(request.url)
    if request.allowlist and url.host not in {host.lower() for host in request.allowlist}:
        raise ValueError(f"has the host {url.host!r}, which is not on the tool's allowlist")
    own = {name.lower(): value for name, value in request.headers.items()}
    own.pop("content-type", None)
    own["accept"] = request.accept or own.get("accept") or _ACCEPT
    lines = tuple((name.encode(), value.encode()) for name, value in own.items())
    fixed = "" if url.names else template.fill(url, {}, [])
    body = body_of(request)
    places = (request.query_mapping, request.header_mapping, request.cookie_mapping)
    others = any(places) or request.body_mapping or request.body_argument
    whole = body == "json" and bool(fixed) and not others
    media_type = "" if body in ("none", "multipart") else bodies.media_type(request, body)
    return Operation(request, url, lines, url.query_keys, body, fixed, whole, media_type)


def build(
    operation: Operation,
    raw: bytes | msgspec.Raw,
    taken: frozenset[str] = frozenset(),
    values: Any = None,
) -> Built:
    """`raw` is the call's arguments as JSON, `values` what `strict_json` read of them, where it
    did. `taken`: more query parameters that no argument may set. Raises BadArguments, and
    strict_json.Unreadable."""
    values = strict_json.read(raw) if values is None else values
    if not isinstance(values, dict):
        raise BadArguments([Located("", "must be an object")])
    if operation.whole:
        return Built(operation.fixed, operation.headers, (), bytes(raw), operation.media_type)
    problems: list[Located] = []
    placed = _placed(operation, values, problems)
    target = operation.fixed or template.fill(operation.url, values, problems)
    if placed.query and (query := joined(placed.query, operation.taken | taken, problems)):
        target += ("&" if "?" in target else "?") + query
    if len(target) > MAX_URL:
        problems.append(Located("", f"make a URL of over {MAX_URL} characters"))
    argued = tuple(_lines(placed.headers, values, problems)) if placed.headers else ()
    cookies = tuple(_cookies(placed.cookies, values, problems)) if placed.cookies else ()
    given = bodies.Given(raw, values, placed.body)
    body = bodies.written(operation.request, operation.body, given, problems)
    if problems:
        raise BadArguments(problems[:MAX_PROBLEMS])
    return Built(target, operation.headers, argued, body.content, body.media_type, cookies)


def _placed(operation: Operation, values: Mapping[str, Any], problems: list[Located]) -> _Placed:
    request, in_url = operation.request, operation.url.names
    to_body = operation.body != "none" and not request.body_argument
    elsewhere = in_url | ({request.body_argument} if request.body_argument else set())
    placed = _Placed()
    for name, value in values.items():
        if name in request.header_mapping:
            placed.headers[request.header_mapping[name]] = name
        elif name in request.cookie_mapping:
            placed.cookies[request.cookie_mapping[name]] = name
        elif name in request.query_mapping:
            key, style = request.query_mapping[name], request.query_style.get(name, "")
            placed.query.append(Field(name, key, value, style))
        elif name in elsewhere:
            continue
        elif not to_body:
            placed.query.append(Field(name, name, value, request.query_style.get(name, "")))
        elif (member := request.body_mapping.get(name, name)) not in placed.body:
            placed.body[member] = name
        else:
            said = f"is {member!r} in the body, as {placed.body[member]!r} is"
            problems.append(Located(pointer([name]), said))
    return placed


def _lines(
    found: Mapping[str, str], values: Mapping[str, Any], problems: list[Located]
) -> Iterator[tuple[bytes, bytes]]:
    """An array is one line with commas (RFC 9110, 5.6.1)."""
    for name, argument in found.items():
        value = values[argument]
        if value is None or value == []:
            continue
        parts = [scalar(each) for each in (value if isinstance(value, list) else [value])]
        text = None if None in parts else ",".join(part or "" for part in parts)
        problem = _header_problem(text)
        if text is None or problem:
            problems.append(Located(pointer([argument]), f"{problem}: it is the header {name}"))
        else:
            yield name.lower().encode(), text.encode()


def _header_problem(text: str | None) -> str:
    if text is None:
        return "must be a string, a number or a boolean, or an array of those"
    if _NO_FIELD.search(text):
        return "holds a line break or another control character"
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        return "holds half a character"
    return f"is over {MAX_HEADER} bytes" if size > MAX_HEADER else ""


def _cookies(
    found: Mapping[str, str], values: Mapping[str, Any], problems: list[Located]
) -> Iterator[tuple[str, str]]:
    """Values are percent-encoded: what a cookie may hold (RFC 6265, 4.1.1) is within that."""
    for name, argument in found.items():
        value = values[argument]
        if value is None:
            continue
        text = scalar(value)
        problem = _cookie_problem(text)
        if text is None or problem:
            problems.append(Located(pointer([argument]), f"{problem}: it is the cookie {name}"))
        else:
            yield name, encoded(text)


def _cookie_problem(text: str | None) -> str:
    if text is None:
        return "must be a string, a number or a boolean"
    return _header_problem(text)
