"""What bodies of POST and PUT /tools say of a REST operation. Pure."""

import re
from typing import get_args

import msgspec
from msgspec import UNSET, UnsetType

from mcpgateway.common.errors import FieldProblem
from mcpgateway.common.rest.paging import MAX_PAGES
from mcpgateway.common.rest.rules import MAX_RETRIES
from mcpgateway.common.routing.rest_request import Body, PageStyle, Pagination
from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.nouns.gateway_input import read_passthrough
from mcpgateway.control_plane.api.nouns.shared_input import text_mapping
from mcpgateway.control_plane.api.nouns.url_input import URL_LIMIT
from mcpgateway.control_plane.registry import rest
from mcpgateway.control_plane.registry.drafts import RestDraft
from mcpgateway.control_plane.registry.request_overrides import MEMBERS

BODIES: tuple[Body, ...] = get_args(Body)
PAGE_STYLES: tuple[PageStyle, ...] = get_args(PageStyle)
_HEADER = 4096  # characters of a header's value
_NAME = 255
_POINTER = 1024
_PLACE = ("url", "base_url", "path_template")
# Names of headers that carry credentials. Headers are shown in answers, history and exports.
_SECRET = re.compile(r"authorization|cookie|api-?key|token|secret|passw|credential", re.IGNORECASE)


def read_rest(fields: Fields) -> RestDraft:
    """Problems are left with `fields`."""
    return RestDraft(
        url=fields.text("url", URL_LIMIT),
        base_url=fields.text("base_url", URL_LIMIT),
        path_template=fields.text("path_template", URL_LIMIT),
        method=_method(fields),
        headers=_headers(fields),
        query_mapping=text_mapping(fields, "query_mapping", _NAME),
        header_mapping=text_mapping(fields, "header_mapping", _NAME),
        cookie_mapping=text_mapping(fields, "cookie_mapping", _NAME),
        body_mapping=text_mapping(fields, "body_mapping", _NAME),
        body=fields.choice("body", BODIES),
        body_argument=fields.text("body_argument", _NAME),
        files=text_mapping(fields, "files", _NAME),
        query_style=text_mapping(fields, "query_style", _NAME),
        accept=fields.text("accept", _HEADER),
        pagination=_pagination(fields),
        retries=fields.integer("retries", 0, MAX_RETRIES),
        allowlist=fields.texts("allowlist", 100, _NAME),
        expose_passthrough=fields.boolean("expose_passthrough"),
        passthrough_headers=read_passthrough(fields),
    )


def read_request_overrides(fields: Fields) -> RestDraft | UnsetType:
    """What is put over the request of an API's tool: some of its members, all at once."""
    said = fields.mapping("request_overrides")
    if isinstance(said, UnsetType):
        return UNSET
    inner = Fields(said)
    draft = RestDraft(
        pagination=_pagination(inner), retries=inner.integer("retries", 0, MAX_RETRIES)
    )
    for name in said.keys() - {*MEMBERS}:
        inner.problem(str(name)[:80], f"is none of {', '.join(MEMBERS)}", "member")
    where = fields.spelled("request_overrides")
    fields.problems += [each._replace(field=f"{where}.{each.field}") for each in inner.problems]
    return draft


def check_rest(fields: Fields, draft: RestDraft) -> None:
    """What is wrong with the operation as a whole, where its fields are not wrong by themselves."""
    place = {fields.spelled(name) for name in _PLACE}
    found = [each.field for each in fields.problems]
    wrong = {*found, *(field.partition(".")[0] for field in found)}
    for name, problem, rule in rest.problems(draft):
        member, dot, inside = name.partition(".")
        field = fields.spelled(member) + dot + inside
        if field not in wrong and not (field in place and wrong & place):
            fields.problems.append(FieldProblem(field, problem, rule))


def _method(fields: Fields) -> str | UnsetType:
    method = fields.text("request_type", 20)
    return method if method is UNSET else method.upper()


def _headers(fields: Fields) -> dict[str, str] | UnsetType:
    """They are shown in answers, so none may be a secret."""
    headers = text_mapping(fields, "headers", _HEADER)
    if headers is UNSET:
        return UNSET
    for name in headers:
        if _SECRET.search(name):
            problem = "is a credential, which headers show: use auth_type and its fields"
            fields.problem(f"headers.{name}", problem, "header")
    return headers


def _pagination(fields: Fields) -> Pagination | UnsetType | None:
    """An empty object: the answer is not paged."""
    given = fields.mapping("pagination")
    if not given:
        return None if given == {} else UNSET
    inner = Fields(given)
    style = inner.choice("style", PAGE_STYLES)
    said = {
        "items": inner.text("items", _POINTER),
        "next": inner.text("next", _POINTER),
        "more": inner.text("more", _POINTER),
        "parameter": inner.text("parameter", _NAME),
        "max_pages": inner.integer("max_pages", 1, MAX_PAGES),
    }
    if style is UNSET and not inner.problems:
        inner.problem("style", f"is required: one of {', '.join(PAGE_STYLES)}", "missing")
    where = fields.spelled("pagination")
    fields.problems += [each._replace(field=f"{where}.{each.field}") for each in inner.problems]
    if style is UNSET or inner.problems:
        return UNSET
    known = {name: value for name, value in said.items() if value is not UNSET}
    return msgspec.convert({"style": style, **known}, Pagination)
