"""The REST operation of a tool after a draft: its URL and the parts of it stay one thing."""

from typing import Any

import pytest

from mcpgateway.common.errors import InvalidCall
from mcpgateway.common.routing.rest_request import RestRequest
from mcpgateway.control_plane.registry.drafts import RestDraft
from mcpgateway.control_plane.registry.rest import merged, problems

NOW = merged(None, RestDraft(url="https://a.example/x/{id}", method="GET"))


def parts(request: RestRequest) -> tuple[str, str, str]:
    return request.url, request.base_url, request.path_template


def test_a_url_is_split_and_parts_are_joined() -> None:
    assert parts(NOW) == ("https://a.example/x/{id}", "https://a.example", "/x/{id}")
    joined = merged(None, RestDraft(base_url="https://a.example/", path_template="/x/{id}"))
    assert parts(joined) == parts(NOW)


@pytest.mark.parametrize(
    ("draft", "url"),
    [
        (RestDraft(url="https://b.example/y"), "https://b.example/y"),
        (RestDraft(path_template="/y"), "https://a.example/y"),
        (RestDraft(base_url="http://c.example:8080"), "http://c.example:8080/x/{id}"),
        (RestDraft(), "https://a.example/x/{id}"),
    ],
)
def test_what_differs_from_the_present_counts(draft: RestDraft, url: str) -> None:
    assert merged(NOW, draft).url == url


@pytest.mark.parametrize("change", ["url", "base_url", "path_template"])
def test_all_parts_sent_back_with_one_changed_change_that_one(change: str) -> None:
    new = {"url": "https://b.example/z", "base_url": "https://b.example", "path_template": "/z"}
    said: dict[str, Any] = {
        "url": NOW.url,
        "base_url": NOW.base_url,
        "path_template": NOW.path_template,
    }
    request = merged(NOW, RestDraft(**(said | {change: new[change]})))
    assert getattr(request, change) == new[change]
    assert request.url == request.base_url + request.path_template


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (RestDraft(), "url"),
        (RestDraft(path_template="/x"), "base_url"),
        (RestDraft(url="https://a.example/x", path_template="/y"), "url"),
        (RestDraft(url="https://a.example/x", method="SSE"), "request_type"),
        (RestDraft(url="https://{host}/x"), "url"),
    ],
)
def test_a_refusal_names_the_field(draft: RestDraft, field: str) -> None:
    with pytest.raises(InvalidCall) as error:
        merged(None, draft)
    assert [problem.field for problem in error.value.errors] == [field]


def test_everything_wrong_with_a_new_one_is_told_at_once() -> None:
    draft = RestDraft(
        path_template="/x", method="SSE", headers={"Host": "a"}, header_mapping={"a": "b c"}
    )
    fields = ["base_url", "request_type", "headers.Host", "header_mapping.a"]
    assert [problem.field for problem in problems(draft)] == fields
    with pytest.raises(InvalidCall) as error:
        merged(None, draft)
    assert list(error.value.errors) == problems(draft)
    assert problems(RestDraft(url="https://a.example/x")) == []
