"""What a REST operation must be to be called: the rules that its writer is held to. Pure."""

import re
from collections.abc import Iterator

from mcpgateway.common.errors import FieldProblem
from mcpgateway.common.policy.passthrough import NEVER_PASSED, OWN, may_be_passed
from mcpgateway.common.rest import building, template
from mcpgateway.common.routing.rest_request import BODY_TYPES, RestRequest, body_type

MAX_ENTRIES = 100  # of each mapping, of headers, of the allowlist
MAX_VALUE = 4096  # characters of a header's value

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}")
_VALUE = re.compile(r"[\t -~\x80-\uffff]*")
_MAY_SET = frozenset((b"accept", b"content-type", b"user-agent"))  # else the gateway's own


def problems(request: RestRequest) -> list[FieldProblem]:
    """Everything that is wrong, by field. With none, `building.operation` takes it."""
    return [
        *_of_url(request),
        *_of_headers(request),
        *_of_mappings(request),
        *_of_passed(request),
    ]


def _of_url(request: RestRequest) -> Iterator[FieldProblem]:
    try:
        building.operation(request)
    except ValueError as error:
        rule = "an absolute http or https URL; {name} takes an argument, in path or query"
        yield FieldProblem("url", str(error), rule)
        return
    url = template.parse(request.url)
    for name in sorted(url.names & (request.query_mapping.keys() | request.header_mapping.keys())):
        yield FieldProblem("url", f"the argument {name!r} has two places", "one for each")
    for name in sorted(request.query_mapping.keys() & request.header_mapping.keys()):
        yield FieldProblem("header_mapping", f"the argument {name!r} has two places", "one")
    if len(request.allowlist) > MAX_ENTRIES:
        yield FieldProblem("allowlist", "has too many hosts", f"at most {MAX_ENTRIES}")


def _of_headers(request: RestRequest) -> Iterator[FieldProblem]:
    if len(request.headers) > MAX_ENTRIES:
        yield FieldProblem("headers", "has too many lines", f"at most {MAX_ENTRIES}")
    for name, value in request.headers.items():
        field = f"headers.{name}"[:200]
        lower = name.lower().encode("latin-1", "replace")
        if not _TOKEN.fullmatch(name):
            yield FieldProblem(field, "is not a header name", "letters, digits and - (RFC 9110)")
        elif lower in OWN and lower not in _MAY_SET:
            yield FieldProblem(field, "is a header that the gateway sets itself", "leave it out")
        if not _VALUE.fullmatch(value) or len(value) > MAX_VALUE:
            rule = f"at most {MAX_VALUE} characters, without line breaks"
            yield FieldProblem(field, "has a value that no header can have", rule)
    if body_type(request) not in BODY_TYPES and request.method not in ("GET", "DELETE"):
        yield FieldProblem(
            "headers.content-type",
            "is no body that can be made of arguments",
            " or ".join(BODY_TYPES),
        )


def _of_mappings(request: RestRequest) -> Iterator[FieldProblem]:
    own = {name.lower() for name in request.headers}
    yield from _twice("query_mapping", list(request.query_mapping.values()))
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


def _twice(field: str, names: list[str]) -> Iterator[FieldProblem]:
    if len(set(names)) < len(names):
        yield FieldProblem(field, "two arguments have one name there", "each its own")
    if len(names) > MAX_ENTRIES or any(not 0 < len(name) <= 256 for name in names):
        rule = f"at most {MAX_ENTRIES} names of 1 to 256 characters"
        yield FieldProblem(field, "has too many names, or one that is empty or too long", rule)


def _of_passed(request: RestRequest) -> Iterator[FieldProblem]:
    for name in request.passthrough_headers:
        if not _TOKEN.fullmatch(name) or not may_be_passed(name):
            yield FieldProblem(
                "passthrough_headers", f"{name[:100]!r} can not be passed on", "another header"
            )
    if len(request.passthrough_headers) > MAX_ENTRIES:
        yield FieldProblem("passthrough_headers", "has too many", f"at most {MAX_ENTRIES}")
