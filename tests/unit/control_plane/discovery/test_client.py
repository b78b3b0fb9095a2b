"""Which transports are tried, in which order."""

import pytest

from mcpgateway.control_plane.discovery.client import order
from mcpgateway.control_plane.registry.discovered.ports import Target


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (Target("http://h/mcp"), ("STREAMABLEHTTP", "SSE")),
        (Target("http://h/sse"), ("SSE", "STREAMABLEHTTP")),
        (Target("http://h/a/sse/?key=1"), ("SSE", "STREAMABLEHTTP")),
        (Target("http://h/mcp?x=/sse"), ("STREAMABLEHTTP", "SSE")),
        (Target("http://h/sse", "STREAMABLEHTTP"), ("STREAMABLEHTTP",)),
        (Target("http://h/mcp", "SSE"), ("SSE",)),
    ],
)
def test_a_given_transport_is_the_only_one_else_the_url_leads(
    target: Target, expected: tuple[str, ...]
) -> None:
    assert order(target) == expected
