"""What is put over the request of an API's tool, and what the tool then becomes."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from mcpgateway.common.errors import InvalidCall
from mcpgateway.common.routing.rest_request import Pagination, RestRequest
from mcpgateway.control_plane.registry.drafts import RestDraft, ToolDraft
from mcpgateway.control_plane.registry.model import Tool, Who
from mcpgateway.control_plane.registry.request_overrides import effective, overridden

NOW = datetime(2026, 11, 22, tzinfo=UTC)
GET = RestRequest(url="https://a.example/x", method="GET")
PAGES = Pagination(style="link")


def tool(request: RestRequest | None, **over: Any) -> Tool:
    return Tool(
        id="t",
        upstream_id="u",
        name="x",
        original_name="x",
        definition="{}",
        request=None if request is None else msgspec.to_builtins(request),
        request_overrides=msgspec.to_builtins(over),
        created_at=NOW,
        updated_at=NOW,
        created=Who("x"),
    )


def test_what_lies_over_a_request_counts_and_nothing_over_none_is_nothing() -> None:
    both = effective(tool(GET, retries=5, pagination=PAGES))
    assert msgspec.convert(both, RestRequest) == msgspec.structs.replace(
        GET, retries=5, pagination=PAGES
    )
    assert effective(tool(None, retries=5)) is None
    assert effective(tool(GET)) == tool(GET).request


def test_a_request_that_is_no_get_has_no_pages() -> None:
    row = tool(msgspec.structs.replace(GET, method="PUT"), retries=5, pagination=PAGES)
    found = msgspec.convert(effective(row), RestRequest)
    assert (found.retries, found.pagination) == (5, None)
    assert overridden(row, ToolDraft()) == row.request_overrides
    with pytest.raises(InvalidCall, match="pagination is for GET"):
        overridden(row, ToolDraft(rest=RestDraft(retries=4)))


def test_what_says_the_same_as_the_request_overrides_nothing() -> None:
    row = tool(GET, retries=5)
    assert overridden(row, ToolDraft(rest=RestDraft(retries=GET.retries))) == {}
    assert overridden(row, ToolDraft()) == {"retries": 5}
    assert overridden(row, ToolDraft(request_overrides=RestDraft())) == {}


def test_the_rest_of_a_document_is_not_judged_again() -> None:
    odd = msgspec.structs.replace(GET, body="json")  # of a GET, which rules refuse
    assert overridden(tool(odd), ToolDraft(rest=RestDraft(retries=5))) == {"retries": 5}


def test_a_tool_without_a_request_takes_nothing_over_it() -> None:
    assert overridden(tool(None), ToolDraft(request_overrides=RestDraft())) == {}
    with pytest.raises(InvalidCall, match="request_overrides"):
        overridden(tool(None), ToolDraft(request_overrides=RestDraft(retries=1)))
