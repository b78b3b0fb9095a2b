"""What a REST operation is refused for when it is written."""

from typing import Any

import pytest

from mcpgateway.common.rest.rules import problems
from mcpgateway.common.routing.rest_request import Pagination, RestRequest

URL = "https://a.example/users/{id}"


def fields(**more: Any) -> list[str]:
    return [each.field for each in problems(RestRequest(**{"url": URL, **more}))]


def test_an_ordinary_operation_has_no_problems() -> None:
    assert not fields(
        headers={"Accept": "text/csv", "X-Version": "1"},
        query_mapping={"page": "p"},
        header_mapping={"trace": "X-Trace"},
        allowlist=("a.example",),
        passthrough_headers=("x-tenant",),
    )


def test_an_operation_may_use_every_place_and_kind_of_body() -> None:
    assert not fields(
        url="https://a.example/{+path}",
        body="multipart",
        files={"f": "image/png", "g": ""},
        body_mapping={"f": "file"},
        cookie_mapping={"s": "session"},
        query_mapping={"q": "filter[q]"},
        query_style={"q": "pipeDelimited,compact"},
        accept="application/xml",
        retries=0,
    )
    assert not fields(method="DELETE", body="json", body_argument="options")
    how = Pagination(style="cursor", items="/data", next="/n", parameter="after", max_pages=100)
    assert not fields(method="GET", pagination=how)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"url": "a.example"}, "url"),
        ({"url": "https://{h}/"}, "url"),
        ({"allowlist": ("b.example",)}, "url"),
        ({"query_mapping": {"id": "i"}}, "url"),
        ({"headers": {"Host": "b.example"}}, "headers.Host"),
        ({"headers": {"Connection": "close"}}, "headers.Connection"),
        ({"headers": {"X-A": "a\r\nb"}}, "headers.X-A"),
        ({"headers": {"X A": "a"}}, "headers.X A"),
        ({"headers": {"Content-Type": "application/x-protobuf"}}, "headers.content-type"),
        ({"header_mapping": {"a": "Authorization"}}, "header_mapping.a"),
        ({"header_mapping": {"a": "Transfer-Encoding"}}, "header_mapping.a"),
        ({"header_mapping": {"a": "cookie"}}, "header_mapping.a"),
        ({"header_mapping": {"a": "X-A: b"}}, "header_mapping.a"),
        ({"header_mapping": {"a": "x-v"}, "headers": {"X-V": "1"}}, "header_mapping.a"),
        ({"header_mapping": {"a": "x-v", "b": "X-V"}}, "header_mapping"),
        ({"query_mapping": {"a": "p", "b": "p"}}, "query_mapping"),
        ({"query_mapping": {"a": "p"}, "header_mapping": {"a": "x-p"}}, "header_mapping"),
        ({"passthrough_headers": ("authorization",)}, "passthrough_headers"),
        ({"cookie_mapping": {"a": "b c"}}, "cookie_mapping.a"),
        ({"cookie_mapping": {"a": "s", "b": "s"}}, "cookie_mapping"),
        ({"cookie_mapping": {"a": "s"}, "query_mapping": {"a": "q"}}, "cookie_mapping"),
        ({"body_mapping": {"a": "x", "b": "x"}}, "body_mapping"),
        ({"body_mapping": {"id": "x"}}, "url"),
        ({"body": "json", "body_argument": "id"}, "url"),
        ({"body": "text"}, "body_argument"),
        ({"body": "binary"}, "body_argument"),
        ({"body": "none", "body_argument": "b"}, "body_argument"),
        ({"method": "DELETE", "body_argument": "b"}, "body_argument"),
        ({"method": "GET", "body": "json"}, "body"),
        (
            {"body": "multipart", "headers": {"content-type": "multipart/form-data; boundary=x"}},
            "headers.content-type",
        ),
        ({"files": {"a": ""}}, "files"),
        ({"body": "multipart", "files": {"a": "png"}}, "files.a"),
        ({"query_style": {"a": "matrix"}}, "query_style.a"),
        ({"query_style": {"a": "deepObject,compact"}}, "query_style.a"),
        ({"accept": "a\r\nb"}, "accept"),
        ({"retries": 6}, "retries"),
        ({"pagination": Pagination(style="link")}, "pagination"),
        (
            {"method": "GET", "pagination": Pagination(style="cursor", next="/n")},
            "pagination.parameter",
        ),
        ({"method": "GET", "pagination": Pagination(style="url")}, "pagination.next"),
        (
            {"method": "GET", "pagination": Pagination(style="link", items="data")},
            "pagination.items",
        ),
        (
            {"method": "GET", "pagination": Pagination(style="link", max_pages=101)},
            "pagination.max_pages",
        ),
    ],
)
def test_what_can_not_work_or_is_not_its_to_say_is_named(more: dict[str, Any], field: str) -> None:
    assert field in fields(**more)
