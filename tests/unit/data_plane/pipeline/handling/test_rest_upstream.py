"""The upstream that is made of a REST tool."""

import msgspec
import pytest

from mcpgateway.common.errors import UpstreamUnreachable
from mcpgateway.common.routing.model import Tool
from mcpgateway.common.routing.rest_request import RestRequest
from mcpgateway.data_plane.pipeline.handling.rest_upstream import RestUpstreams


def tool(request: bytes) -> Tool:
    return Tool("t", "", "name", "name", request=request, credential="c")


def test_it_is_named_by_its_host_where_no_upstream_has_a_slug_like_that() -> None:
    request = RestRequest(url="https://api.example.com/x", passthrough_headers=("x-a",))
    record = tool(msgspec.json.encode(request))
    upstreams = RestUpstreams()
    made = upstreams.of(record)
    assert (made.name, made.slug, made.credential) == ("name", "rest:api.example.com", "c")
    assert made.passthrough_headers == ("x-a",)
    assert upstreams.of(record) is made


def test_headers_are_passed_on_only_where_the_tool_says_so() -> None:
    request = RestRequest(
        url="https://a.example/", passthrough_headers=("x-a",), expose_passthrough=False
    )
    assert RestUpstreams().of(tool(msgspec.json.encode(request))).passthrough_headers == ()


@pytest.mark.parametrize("raw", [b"{", b"{}", b'{"url":"http://[x"}'])
def test_an_operation_that_can_not_be_read_is_named(raw: bytes) -> None:
    with pytest.raises(UpstreamUnreachable, match="tool 'name' can not be read"):
        RestUpstreams().of(tool(raw))
