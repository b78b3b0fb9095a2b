"""What a REST operation is refused for when it is written."""

from typing import Any

import pytest

from mcpgateway.common.rest.rules import problems
from mcpgateway.common.routing.rest_request import RestRequest

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
    ],
)
def test_what_can_not_work_or_is_not_its_to_say_is_named(more: dict[str, Any], field: str) -> None:
    assert field in fields(**more)
