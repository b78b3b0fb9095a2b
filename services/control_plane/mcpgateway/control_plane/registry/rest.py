"""The REST operation of a tool of our own: what it is after a draft. Pure."""

from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET, UnsetType

from mcpgateway.common.errors import FieldProblem, InvalidCall
from mcpgateway.common.rest import rules
from mcpgateway.common.routing.rest_request import Method, RestRequest
from mcpgateway.control_plane.registry.drafts import RestDraft, given

METHODS: tuple[Method, ...] = ("GET", "POST", "PUT", "DELETE", "PATCH")
_PLAIN = (
    "headers",
    "query_mapping",
    "header_mapping",
    "cookie_mapping",
    "body_mapping",
    "body",
    "body_argument",
    "files",
    "query_style",
    "accept",
    "pagination",
    "retries",
    "allowlist",
    "expose_passthrough",
    "passthrough_headers",
)


def merged(current: RestRequest | None, draft: RestDraft) -> RestRequest:
    """`current` None: a new one. Raises InvalidCall that names every problem."""
    request, problems = _tried(current, draft)
    if problems:
        text = "; ".join(f"{problem.field} {problem.problem}" for problem in problems)
        raise InvalidCall(text, errors=problems)
    return request


def problems(draft: RestDraft) -> list[FieldProblem]:
    """Everything that is wrong with a new one."""
    return _tried(None, draft)[1]


def _tried(current: RestRequest | None, draft: RestDraft) -> tuple[RestRequest, list[FieldProblem]]:
    """The request counts when there are no problems."""
    place, method = _place(current, draft), _method(current, draft)
    wrong = [each for each in (place, method) if isinstance(each, FieldProblem)]
    base, path = ("", "") if isinstance(place, FieldProblem) else place
    request = msgspec.structs.replace(
        current or RestRequest(url=""),
        url=base + path,
        base_url=base,
        path_template=path,
        method="POST" if isinstance(method, FieldProblem) else method,
        **given(draft, *_PLAIN),
    )
    # Of an address that is not known the rules have nothing to say.
    known = not isinstance(place, FieldProblem)
    wrong += [each for each in rules.problems(request) if known or each.field != "url"]
    return request, wrong


def host_of(request: RestRequest) -> str:
    """The origin that credentials were given for."""
    parts = urlsplit(request.url)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def split(url: str) -> tuple[str, str]:
    """`https://a.example:8080/x/{id}?q=1` -> its origin and the rest, which may be empty."""
    parts = urlsplit(url)
    base = f"{parts.scheme}://{parts.netloc}"
    return base, url[len(base) :]


def _place(current: RestRequest | None, draft: RestDraft) -> tuple[str, str] | FieldProblem:
    """What differs from the present one counts; a URL and its parts must agree."""
    url = _new(draft.url, current.url if current else "")
    base = _new(draft.base_url, current.base_url if current else "")
    path = _new(draft.path_template, current.path_template if current else "")
    if url is None:
        if base is None and path is None and current is None:
            return FieldProblem("url", "is required, or base_url with path_template", "missing")
        was_base, was_path = (current.base_url, current.path_template) if current else ("", "")
        return _joined(was_base if base is None else base, was_path if path is None else path)
    own_base, own_path = split(url)
    together = (own_base if base is None else base).rstrip("/") + (path or "")
    if (base is not None and path is None) or (path is not None and together != url):
        return FieldProblem("url", "says another address than base_url and path_template", "url")
    return own_base, own_path


def _new(said: str | UnsetType, present: str) -> str | None:
    """None when nothing new was said."""
    return None if said is UNSET or said == present else said


def _joined(base: str, path: str) -> tuple[str, str] | FieldProblem:
    if not base:
        return FieldProblem("base_url", "is required with path_template", "missing")
    return base.rstrip("/"), path


def _method(current: RestRequest | None, draft: RestDraft) -> Method | FieldProblem:
    if draft.method is UNSET:
        return current.method if current else "POST"
    for method in METHODS:
        if draft.method == method:
            return method
    known = ", ".join(METHODS)
    return FieldProblem("request_type", f"must be one of {known} for a REST tool", "enum")
