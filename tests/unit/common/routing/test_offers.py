"""What an upstream promised at discovery, and what our own things offer."""

import pytest

from mcpgateway.common.routing.model import Upstream
from mcpgateway.common.routing.offers import has_values, tells_of_resources
from support.registries import prompt, resource


@pytest.mark.parametrize(
    ("capabilities", "tells"),
    [
        (b'{"resources":{"subscribe":true,"listChanged":false}}', True),
        (b'{"resources":{"subscribe":false}}', False),
        (b'{"resources":{}}', False),
        (b'{"tools":{"subscribe":true}}', False),
        (b'{"resources":{"subscribe":"yes"}}', False),
        (b'{"resources":7}', False),
        (b"{", False),
        (b"", False),
    ],
)
def test_an_upstream_tells_of_resources_if_it_said_so_in_so_many_words(
    capabilities: bytes, tells: bool
) -> None:
    upstream = Upstream("u", "u", "u", "http://up/mcp", capabilities=capabilities)
    assert tells_of_resources(upstream) is tells


def test_values_to_complete_with_are_in_a_definition() -> None:
    listed = prompt(definition=b'{"arguments":[{"name":"a","enum":["b"]}]}')
    assert has_values(resource(), listed)
    assert not has_values(resource(), prompt())
    assert not has_values()
