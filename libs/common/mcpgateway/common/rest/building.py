"""Makes the HTTP request of a REST operation out of the arguments of a call. Pure.

Every argument has one place: the URL, the query, a header, or the body. None gets out of it, and
none sets what the operation sets itself.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from mcpgateway.common import jsonrpc, strict_json
from mcpgateway.common.rest import template
from mcpgateway.common.rest.template import MAX_URL, Template, encoded, scalar
from mcpgateway.common.routing.rest_request import FORM, RestRequest, body_type
from mcpgateway.common.strict_json import Located, pointer

MAX_HEADER = 4096  # bytes of an argument in a header
MAX_PROBLEMS = 20  # told of one call

_ACCEPT = (b"accept", b"application/json, text/*;q=0.9, */*;q=0.8")
_NO_FIELD = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_arguments = msgspec.json.Decoder(dict[str, msgspec.Raw])

Lines = tuple[tuple[bytes, bytes], ...]


class BadArguments(Exception):
    """No request can be made of these arguments."""

    def __init__(self, problems: list[Located]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Built:
    """A request without what comes with the call (credentials, pass-through). `headers`, names in
    lower case, are the operation's own; `argued` those of arguments, which give way to all."""

    target: str
    headers: Lines
    argued: Lines
    body: bytes


@dataclass(frozen=True, slots=True)
class Operation:
    """A REST request worked out as far as it is the same for all calls."""

    request: RestRequest
    url: Template
    headers: Lines
    taken: frozenset[str]  # query parameters that the URL sets

    @property
    def sends_body(self) -> bool:
        return self.request.method not in ("GET", "DELETE")


def operation(request: RestRequest) -> Operation:
    """Raises ValueError for a URL that can not be called (`rules.problems` says the same)."""
    url = template.parse(request.url)
    if request.allowlist and url.host not in {host.lower() for host in request.allowlist}:
        raise ValueError(f"has the host {url.host!r}, which is not on the tool's allowlist")
    own = tuple((name.lower().encode(), value.encode()) for name, value in request.headers.items())
    names = {name for name, _ in own}
    lines = [*own] if b"accept" in names else [*own, _ACCEPT]
    if b"content-type" not in names and request.method not in ("GET", "DELETE"):
        lines.append((b"content-type", b"application/json"))
    return Operation(request, url, tuple(lines), url.query_keys)


def build(operation: Operation, raw: bytes | msgspec.Raw) -> Built:
    """`raw` is the call's arguments as JSON, read strictly before. Raises BadArguments, and
    strict_json.Unreadable."""
    values = strict_json.read(raw)
    if not isinstance(values, dict):
        raise BadArguments([Located("", "must be an object")])
    problems: list[Located] = []
    target = template.fill(operation.url, values, problems)
    query, headers, body = _sorted(operation, values)
    pairs = list(_pairs(query, operation.taken, problems))
    if pairs:
        target += ("&" if "?" in target else "?") + _joined(pairs)
    if len(target) > MAX_URL:
        problems.append(Located("", f"make a URL of over {MAX_URL} characters"))
    argued = tuple(_lines(headers, problems))
    written = _body(operation, raw, body, problems) if operation.sends_body else b""
    if problems:
        raise BadArguments(problems[:MAX_PROBLEMS])
    return Built(target, operation.headers, argued, written)


_Named = dict[str, tuple[str, Any]]  # by the name there: the argument and its value


def _sorted(
    operation: Operation, values: Mapping[str, Any]
) -> tuple[_Named, _Named, dict[str, Any]]:
    """The arguments for query, headers and body."""
    request, in_url = operation.request, operation.url.names
    query: _Named = {}
    headers: _Named = {}
    body: dict[str, Any] = {}
    for name, value in values.items():
        if name in request.header_mapping:
            headers[request.header_mapping[name]] = (name, value)
        elif name in request.query_mapping:
            query[request.query_mapping[name]] = (name, value)
        elif name in in_url:
            continue
        elif operation.sends_body:
            body[name] = value
        else:
            query[name] = (name, value)
    return query, headers, body


def _pairs(
    found: _Named, taken: frozenset[str], problems: list[Located]
) -> Iterator[tuple[str, str]]:
    """Null is left out, an array is a parameter several times, an object is JSON."""
    for key, (argument, value) in found.items():
        if key in taken:
            said = f"would set the query parameter {key!r} again, which the tool's URL sets"
            problems.append(Located(pointer([argument]), said))
            continue
        for each in value if isinstance(value, list) else [value]:
            if each is None:
                continue
            text = _shown(each)
            if text is None:
                said = "holds half a character, or is nested too deeply"
                problems.append(Located(pointer([argument]), said))
            else:
                yield key, text


def _shown(value: Any) -> str | None:
    text = scalar(value)
    if text is not None:
        return text
    try:
        return jsonrpc.encode(value).decode()
    except (UnicodeEncodeError, RecursionError):
        return None


def _joined(pairs: list[tuple[str, str]]) -> str:
    return "&".join([f"{encoded(key)}={encoded(value)}" for key, value in pairs])


def _lines(found: _Named, problems: list[Located]) -> Iterator[tuple[bytes, bytes]]:
    for name, (argument, value) in found.items():
        if value is None:
            continue
        text = scalar(value)
        problem = _header_problem(text)
        if text is None or problem:
            problems.append(Located(pointer([argument]), f"{problem}: it is the header {name}"))
        else:
            yield name.lower().encode(), text.encode()


def _header_problem(text: str | None) -> str:
    if text is None:
        return "must be a string, a number or a boolean"
    if _NO_FIELD.search(text):
        return "holds a line break or another control character"
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        return "holds half a character"
    return f"is over {MAX_HEADER} bytes" if size > MAX_HEADER else ""


def _body(
    operation: Operation,
    raw: bytes | msgspec.Raw,
    body: Mapping[str, Any],
    problems: list[Located],
) -> bytes:
    """JSON is spliced of the client's own bytes: numbers keep their digits."""
    if body_type(operation.request) == FORM:
        found = {name: (name, value) for name, value in body.items()}
        return _joined(list(_pairs(found, frozenset(), problems))).encode()
    members = _arguments.decode(raw)
    return jsonrpc.join_params({name: members[name] for name in members if name in body})
