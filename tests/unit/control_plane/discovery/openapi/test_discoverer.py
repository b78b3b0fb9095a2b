"""A reading as what discovery finds."""

import json

from mcpgateway.control_plane.discovery.openapi.discoverer import OpenApiDiscoverer
from mcpgateway.control_plane.registry.discovered.ports import Target
from mcpgateway.control_plane.registry.openapi.importing import Document, read
from mcpgateway.control_plane.registry.openapi.ports import Read
from mcpgateway.control_plane.registry.transports import openapi

TREE = {
    "openapi": "3.0.0",
    "info": {"title": "Shop", "version": "2", "description": "Sells."},
    "servers": [{"url": "https://a.example"}],
    "paths": {"/a": {"get": {"tags": ["x"]}, "head": {}, "post": {"tags": ["y"]}}},
}


class Reader:
    """Reads what it is given here and now."""

    async def read(self, target: Target) -> Read:
        document = Document(target.document, openapi.read(target.options), target.url)
        return Read(read(document), target.document)


async def test_operations_are_tools_and_what_was_not_chosen_is_no_problem() -> None:
    target = Target("", "OPENAPI", options={"tags": ["x", "z"]}, document=json.dumps(TREE).encode())
    found = await OpenApiDiscoverer(Reader()).discover(target)
    assert [(each.name, each.request.url) for each in found.tools if each.request] == [
        ("get_a", "https://a.example/a")
    ]
    assert (found.server_name, found.server_version, found.instructions) == ("Shop", "2", "Sells.")
    assert (found.url, found.document) == ("https://a.example", target.document)
    assert found.problems == ("tag 'z' names no operation",)


async def test_what_should_have_become_a_tool_is_told() -> None:
    target = Target("", "OPENAPI", document=json.dumps(TREE).encode())
    found = await OpenApiDiscoverer(Reader()).discover(target)
    assert [each.split(":")[0] for each in found.problems] == ["HEAD /a is HEAD"]
