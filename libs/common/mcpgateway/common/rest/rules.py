"""What a REST operation must be to be called: the rules that its writer is held to. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from mcpgateway.common.errors import FieldProblem
from mcpgateway.common.policy.passthrough import NEVER_PASSED, may_be_passed, may_be_set
from mcpgateway.common.rest import building, paging, template
from mcpgateway.common.routing.rest_request import (
    COMPACT,
    MULTIPART,
    STYLES,
    Pagination,
    RestRequest,
    body_of,
    content_type,
)

MAX_ENTRIES = 100  # of each mapping, of headers, of the allowlist
MAX_VALUE = 4096  # characters of a header's value
MAX_RETRIES = 5

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}")
_VALUE = re.compile(r"[\t -~\x80-\uffff]*")
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,127}/[A-Za-z0-9!#$&^_.+-]{1,127}")
_MAY_SET = frozenset((b"accept", b"content-type", b"user-agent"))  # else the gateway's own
_LINE = f"at most {MAX_VALUE} characters, without line breaks"


def problems(request: RestRequest) -> list[FieldProblem]:
    """Everything that is wrong, by field. With none, `building.operation` takes it."""
    return [
        *_of_url(request),
        *_of_headers(request),
        *_of_places(request),
        *_of_mappings(request),
        *_of_body(request),
        *_of_styles(request.query_style),
        *_of_pagination(request),
        *_of_passed(request),
    ]


def _of_url(request: RestRequest) -> Iterator[FieldProblem]:
    try:
        building.operation(request)
    except ValueError as error:
        rule = "an absolute http or https URL; {name} takes an argument, in path or query"
        yield FieldProblem("url", str(error), rule)
    if len(request.allowlist) > MAX_ENTRIES:
        yield FieldProblem("allowlist", "has too many hosts", f"at most {MAX_ENTRIES}")


def _of_places(request: RestRequest) -> Iterator[FieldProblem]:
    """An argument goes to one."""
    try:
        in_url = template.parse(request.url).names
    except ValueError:
        in_url = frozenset()
    places: dict[str, Iterable[str]] = {
        "query_mapping": request.query_mapping,
        "header_mapping": request.header_mapping,
        "cookie_mapping": request.cookie_mapping,
        "body_mapping": request.body_mapping,
        "body_argument": [request.body_argument] if request.body_argument else [],
    }
    seen = dict.fromkeys(in_url, "url")
    for field, names in places.items():
        for name in sorted(names):
            other = seen.setdefault(name, field)
            if other != field:
                said = f"the argument {name!r} has two places"
                yield FieldProblem("url" if other == "url" else field, said, "one for each")


def _of_headers(request: RestRequest) -> Iterator[FieldProblem]:
    if len(request.headers) > MAX_ENTRIES:
        yield FieldProblem("headers", "has too many lines", f"at most {MAX_ENTRIES}")
    for name, value in request.headers.items():
        field = f"headers.{name}"[:200]
        lower = name.lower().encode("latin-1", "replace")
        if not _TOKEN.fullmatch(name):
            yield FieldProblem(field, "is not a header name", "letters, digits and - (RFC 9110)")
        elif not may_be_set(name) and lower not in _MAY_SET:
            yield FieldProblem(field, "is a header that the gateway sets itself", "leave it out")
        if not _VALUE.fullmatch(value) or len(value) > MAX_VALUE:
            yield FieldProblem(field, "has a value that no header can have", _LINE)
    if not _VALUE.fullmatch(request.accept) or len(request.accept) > MAX_VALUE:
        yield FieldProblem("accept", "is a value that no header can have", _LINE)


def _of_mappings(request: RestRequest) -> Iterator[FieldProblem]:
    own = {name.lower() for name in request.headers}
    yield from _twice("query_mapping", request.query_mapping.values())
    yield from _twice("body_mapping", request.body_mapping.values())
    yield from _twice("cookie_mapping", request.cookie_mapping.values())
    yield from _twice("header_mapping", [each.lower() for each in request.header_mapping.values()])
    for argument, name in request.header_mapping.items():
        field = f"header_mapping.{argument}"[:200]
        lower = name.lower().encode("latin-1", "replace")
        if not _TOKEN.fullmatch(name):
            yield FieldProblem(field, f"{name[:100]!r} is not a header name", "as in RFC 9110")
        elif lower in NEVER_PASSED:
            rule = "not one of the connection's, the gateway's or the credentials' own"
            yield FieldProblem(field, f"no argument may set the header {name!r}", rule)
        elif name.lower() in own:
            yield FieldProblem(field, f"the tool sets {name!r} itself, in headers", "one of both")
    for argument, name in request.cookie_mapping.items():
        if not _TOKEN.fullmatch(name):
            field = f"cookie_mapping.{argument}"[:200]
            yield FieldProblem(field, f"{name[:100]!r} is not a cookie name", "as in RFC 6265")


def _twice(field: str, found: Iterable[str]) -> Iterator[FieldProblem]:
    names = Counter(found)
    if any(count > 1 for count in names.values()):
        yield FieldProblem(field, "two arguments have one name there", "each its own")
    if names.total() > MAX_ENTRIES or any(not 0 < len(name) <= 256 for name in names):
        rule = f"at most {MAX_ENTRIES} names of 1 to 256 characters"
        yield FieldProblem(field, "has too many names, or one that is empty or too long", rule)


def _of_body(request: RestRequest) -> Iterator[FieldProblem]:
    body = body_of(request)
    if body != "none" and request.method == "GET":
        yield FieldProblem("body", "GET has none", "none, or another method")
    if body == "none" and request.body_argument:
        yield FieldProblem("body_argument", f"there is no body ({request.method})", "leave it out")
    if body in ("text", "binary") and not request.body_argument:
        field = "body_argument" if request.body else "headers.content-type"
        yield FieldProblem(field, f"a body that is {body} is one argument", "name it")
    if body == "multipart" and content_type(request).lower() not in ("", MULTIPART):
        said = "the boundary of a multipart form is the gateway's"
        yield FieldProblem("headers.content-type", said, f"{MULTIPART}, or nothing")
    yield from _of_files(request, body)


def _of_files(request: RestRequest, body: str) -> Iterator[FieldProblem]:
    if request.files and body != "multipart":
        yield FieldProblem("files", "are for a multipart form", "body multipart")
    if len(request.files) > MAX_ENTRIES:
        yield FieldProblem("files", "are too many", f"at most {MAX_ENTRIES}")
    for name, kind in request.files.items():
        if kind and not _MEDIA_TYPE.fullmatch(kind):
            field = f"files.{name}"[:200]
            yield FieldProblem(field, f"{kind[:100]!r} is no media type", "such as image/png")


def _of_styles(styles: Mapping[str, str]) -> Iterator[FieldProblem]:
    rule = f"one of {', '.join(STYLES)}, with {COMPACT} after it where it is not exploded"
    for name, style in styles.items():
        kind = style.removesuffix(COMPACT)
        if kind not in STYLES or style == f"deepObject{COMPACT}":
            field = f"query_style.{name}"[:200]
            yield FieldProblem(field, f"{style[:100]!r} is no style", rule)
    if len(styles) > MAX_ENTRIES:
        yield FieldProblem("query_style", "has too many arguments", f"at most {MAX_ENTRIES}")


def _of_pagination(request: RestRequest) -> Iterator[FieldProblem]:
    if not 0 <= request.retries <= MAX_RETRIES:
        yield FieldProblem("retries", "is out of range", f"0 to {MAX_RETRIES}")
    how = request.pagination
    if how is None:
        return
    if request.method != "GET":
        yield FieldProblem("pagination", "is for GET", "GET")
    if not 1 <= how.max_pages <= paging.MAX_PAGES:
        rule = f"1 to {paging.MAX_PAGES}"
        yield FieldProblem("pagination.max_pages", "is out of range", rule)
    yield from _of_pointers(how)
    if how.style in ("cursor", "page", "offset") and not 0 < len(how.parameter) <= 256:
        said = f"is needed for {how.style}"
        yield FieldProblem("pagination.parameter", said, "a query parameter of 1 to 256 characters")


def _of_pointers(how: Pagination) -> Iterator[FieldProblem]:
    if how.style in ("url", "cursor") and not how.next:
        yield FieldProblem("pagination.next", f"is needed for {how.style}", "a JSON pointer")
    for field in ("items", "next", "more"):
        pointer: str = getattr(how, field)
        if len(pointer) > 1024 or (pointer and not pointer.startswith("/")):
            rule = "at most 1024 characters that begin with / (RFC 6901)"
            yield FieldProblem(f"pagination.{field}", "is no JSON pointer", rule)


def _of_passed(request: RestRequest) -> Iterator[FieldProblem]:
    for name in request.passthrough_headers:
        if not _TOKEN.fullmatch(name) or not may_be_passed(name):
            yield FieldProblem(
                "passthrough_headers", f"{name[:100]!r} can not be passed on", "another header"
            )
    if len(request.passthrough_headers) > MAX_ENTRIES:
        yield FieldProblem("passthrough_headers", "has too many", f"at most {MAX_ENTRIES}")
