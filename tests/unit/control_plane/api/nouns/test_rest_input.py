"""What a body says of a REST operation, and every problem with it by the name that was sent."""

from typing import Any

import pytest

from mcpgateway.common.errors import InvalidCall
from mcpgateway.common.routing.rest_request import Pagination
from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.nouns.rest_input import check_rest, read_rest
from mcpgateway.control_plane.registry.drafts import RestDraft

URL = "https://a.example/users/{id}"


def read(**members: Any) -> RestDraft:
    fields = Fields({"url": URL, **members})
    draft = read_rest(fields)
    check_rest(fields, draft)
    fields.check()
    return draft


def refused(**members: Any) -> set[str]:
    with pytest.raises(InvalidCall) as caught:
        read(**members)
    return {each.field for each in caught.value.errors}


def test_everything_that_an_operation_has_can_be_said_in_either_spelling() -> None:
    draft = read(
        requestType="put",
        body="multipart",
        bodyMapping={"f": "file"},
        files={"f": "image/png"},
        cookie_mapping={"s": "session"},
        queryMapping={"q": "filter[q]"},
        query_style={"q": "deepObject"},
        accept="application/xml",
        retries=0,
    )
    assert (draft.method, draft.body, draft.retries) == ("PUT", "multipart", 0)
    assert draft.body_mapping == {"f": "file"}
    assert draft.files == {"f": "image/png"}
    assert draft.cookie_mapping == {"s": "session"}
    assert draft.query_style == {"q": "deepObject"}
    assert draft.accept == "application/xml"


def test_pages_are_an_object_whose_empty_one_takes_them_away() -> None:
    how = {"style": "cursor", "items": "/data", "next": "/n", "parameter": "after", "maxPages": 3}
    assert read(request_type="GET", pagination=how).pagination == Pagination(
        style="cursor", items="/data", next="/n", parameter="after", max_pages=3
    )
    assert read(pagination={}).pagination is None


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"body": "xml"}, "body"),
        ({"body": "text"}, "body_argument"),
        ({"bodyArgument": "id"}, "url"),
        ({"queryStyle": {"q": "matrix"}}, "queryStyle.q"),
        ({"retries": 9}, "retries"),
        ({"headers": {"Cookie": "a=b"}}, "headers.Cookie"),
        ({"request_type": "GET", "pagination": {"style": "scroll"}}, "pagination.style"),
        ({"request_type": "GET", "pagination": {"items": "/x"}}, "pagination.style"),
        (
            {"request_type": "GET", "pagination": {"style": "link", "maxPages": 101}},
            "pagination.maxPages",
        ),
        ({"pagination": {"style": "link"}}, "pagination"),
        (
            {"request_type": "GET", "pagination": {"style": "link", "items": "x"}},
            "pagination.items",
        ),
    ],
)
def test_a_problem_has_the_name_that_was_sent(members: dict[str, Any], field: str) -> None:
    assert field in refused(**members)
