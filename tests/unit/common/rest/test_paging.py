"""Pages of lists: where the next one is, and what all of them say."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.rest import paging
from mcpgateway.common.rest.paging import NotPaged, Page
from mcpgateway.common.routing.rest_request import Pagination, RestRequest

URL = "https://a.example/v1/users?sort=name"


def read(how: Pagination, body: Any, url: str = URL, link: str = "") -> Page:
    return paging.read(how, url, json.dumps(body).encode(), link)


def request(how: Pagination, **more: Any) -> RestRequest:
    return RestRequest(url=URL, method="GET", pagination=how, **more)


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ('</v1/users?page=2>; rel="next", </v1/users?page=9>; rel="last"', "/v1/users?page=2"),
        ('<https://a.example/x?p=2>; rel="prev next"', "/x?p=2"),
        ("<?page=2>;rel=next", "/v1/users?page=2"),
        ('<https://A.EXAMPLE:443/x>; rel="next"', "/x"),
        ('</x>; rel="prev"', ""),
        ("</x>", ""),
        ("", ""),
        ("<http://[x>; rel=next", ""),
    ],
)
def test_a_link_header_names_the_next_page(link: str, expected: str) -> None:
    assert read(Pagination(style="link"), [1], link=link).next == expected


def test_another_origin_is_never_asked() -> None:
    for link in (
        "<https://b.example/x>; rel=next",
        "<//b.example/x>; rel=next",
        "<http://a.example/x>; rel=next",
        "<https://a.example:8443/x>; rel=next",
    ):
        page = read(Pagination(style="link"), [1], link=link)
        assert (page.next, page.elsewhere) == ("", True)


def test_a_url_in_the_answer_names_the_next_page() -> None:
    how = Pagination(style="url", items="/data", next="/links/next")
    page = read(how, {"data": [1], "links": {"next": "https://a.example/v1/users?after=5#x"}})
    assert page.next == "/v1/users?after=5"
    assert read(how, {"data": [1], "links": {"next": None}}).next == ""
    assert read(how, {"data": [1]}).next == ""


def test_a_cursor_goes_into_the_query_in_place_of_the_one_before() -> None:
    how = Pagination(style="cursor", items="/items", next="/next", parameter="after")
    page = read(how, {"items": [1], "next": "a&b=c"}, URL + "&after=x")
    assert page.next == "/v1/users?sort=name&after=a%26b%3Dc"
    for last in ("", None, False):
        assert read(how, {"items": [1], "next": last}).next == ""


def test_the_last_item_may_be_the_cursor_while_there_is_more() -> None:
    how = Pagination(
        style="cursor", items="/data", next="/data/-1/id", more="/has_more", parameter="after"
    )
    body = {"data": [{"id": "a"}, {"id": "b"}], "has_more": True}
    assert read(how, body).next.endswith("after=b")
    assert read(how, {**body, "has_more": False}).next == ""
    assert read(how, {"data": [], "has_more": True}).next == ""


def test_pages_and_offsets_are_counted_from_what_was_asked() -> None:
    page = Pagination(style="page", parameter="p")
    offset = Pagination(style="offset", parameter="o")
    assert read(page, [1]).next.endswith("&p=2")
    assert read(page, [1], URL + "&p=0").next.endswith("&p=1")
    assert read(offset, [1, 2]).next.endswith("&o=2")
    assert read(offset, [1, 2], URL + "&o=10").next.endswith("&o=12")
    assert read(offset, []).next == ""


def test_a_page_that_names_itself_is_the_last() -> None:
    assert read(Pagination(style="link"), [1], link=f"<{URL}>; rel=next").next == ""


@pytest.mark.parametrize("body", [{}, {"data": {}}, {"data": None}, "x", 1])
def test_what_is_no_page_is_told(body: Any) -> None:
    with pytest.raises(NotPaged, match="no array at '/data'"):
        read(Pagination(style="link", items="/data"), body)


def test_all_items_are_in_the_last_answer_digit_by_digit() -> None:
    how = Pagination(style="cursor", items="/d/items", next="/next", parameter="c")
    bodies = [b'{"d":{"items":[1.10,2]},"next":"x"}', b'{"d":{"items":[3e1],"n":1},"next":null}']
    pages = [paging.read(how, URL, body, "") for body in bodies]
    joined = paging.whole(request(how), bodies[-1], pages)
    assert joined == b'{"d":{"items":[1.10,2,3e1],"n":1},"next":null}'
    assert paging.whole(request(how), bodies[0], pages[:1]) == bodies[0]


def test_who_stops_early_is_told_how_to_go_on() -> None:
    how = Pagination(style="cursor", next="/next", parameter="c")
    page = Page([msgspec.Raw(b"1")], "/v1/users?c=a%20b")
    assert "call again with 'after' \"a b\"" in paging.note(
        request(how, query_mapping={"after": "c"}), [page], ""
    )
    assert "narrower" in paging.note(request(Pagination(style="link")), [page], "")
    assert "another origin" in paging.note(request(how), [Page([], elsewhere=True)], "")
    assert "page 2 failed: status 500" in paging.note(request(how), [page], "status 500")
    assert paging.note(request(how), [Page([])], "") == ""


def test_the_credentials_query_goes_on_each_page_in_place_of_what_a_service_names() -> None:
    assert paging.with_query("/x?a=1&key=theirs", "key=ours") == "/x?a=1&key=ours"
    assert paging.with_query("/x", "key=ours") == "/x?key=ours"


@pytest.mark.parametrize("pointer", ["x", "data/x"])
def test_a_pointer_begins_with_a_slash(pointer: str) -> None:
    with pytest.raises(ValueError, match="begin with /"):
        paging.steps(pointer)


@given(st.text(), st.text(), st.sampled_from(["link", "url", "cursor", "page", "offset"]))
def test_whatever_a_service_says_the_next_request_is_one_line_at_its_origin(
    text: str, link: str, style: Any
) -> None:
    how = Pagination(style=style, items="/i", next="/n", parameter="p")
    target = read(how, {"i": [1], "n": text}, link=f"<{link}>; rel=next").next
    assert not target or (target.startswith("/") and target.isascii() and target.isprintable())
    assert " " not in target
