"""What answers show of tools, prompts and resources: what clients see, and what lies under it."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from mcpgateway.control_plane.api.nouns import render_held
from mcpgateway.control_plane.registry.model import Auth, Who
from mcpgateway.control_plane.registry.views import PromptView, ResourceView, ToolView

NOW = datetime(2026, 1, 1, tzinfo=UTC)
COMMON: dict[str, Any] = {"created_at": NOW, "updated_at": NOW, "created": Who("ann")}


def tool(definition: str, **fields: Any) -> ToolView:
    values: dict[str, Any] = {
        "id": "t",
        "upstream_id": "u",
        "name": "a-get-x",
        "original_name": "get_x",
        "upstream_slug": "a",
        "upstream_url": "http://a/",
        "upstream_transport": "SSE",
        "upstream_enabled": True,
    }
    return ToolView(definition=definition, **(COMMON | values | fields))


def test_a_tool_shows_what_its_definition_says() -> None:
    row = render_held.tool(tool('{"title":"T","description":"d","inputSchema":{"type":"object"}}'))
    assert (row["title"], row["displayName"], row["description"]) == ("T", "T", "d")
    assert (row["customName"], row["customNameSlug"]) == ("get_x", "get-x")


@pytest.mark.parametrize("definition", ["{}", "[]", "nonsense"])
def test_a_definition_that_says_nothing_breaks_no_list(definition: str) -> None:
    row = render_held.tool(tool(definition))
    assert (row["displayName"], row["inputSchema"]) == ("Get X", {"type": "object"})


def test_a_tool_of_a_disabled_upstream_is_shown_disabled() -> None:
    assert render_held.tool(tool("{}", upstream_enabled=False))["enabled"] is False


def own_tool(**fields: Any) -> ToolView:
    request = {"url": "https://a.example/x/{id}", "method": "GET", "base_url": "https://a.example"}
    values: dict[str, Any] = {
        "id": "t",
        "name": "get_x",
        "original_name": "get_x",
        "definition": "{}",
        "request": request | {"path_template": "/x/{id}"},
    }
    return ToolView(**(COMMON | values | fields))


def test_a_tool_of_our_own_shows_its_operation() -> None:
    row = render_held.tool(own_tool())
    shown = ("integrationType", "requestType", "url", "baseUrl", "pathTemplate", "gatewayId")
    assert [row[name] for name in shown] == [
        "REST",
        "GET",
        "https://a.example/x/{id}",
        "https://a.example",
        "/x/{id}",
        None,
    ]
    assert (row["customName"], row["customNameSlug"], row["gatewaySlug"]) == ("get_x", "get_x", "")


def test_credentials_of_a_tool_are_masked() -> None:
    row = render_held.tool(own_tool(auth=Auth("bearer")))
    assert row["auth"]["token"] == "*****"
    assert row["auth"]["authType"] == "bearer"
    assert render_held.tool(own_tool())["auth"] is None


def test_an_override_is_shown_with_what_it_hides() -> None:
    said = '{"description":"theirs","title":"T"}'
    row = render_held.tool(tool(said, overrides='{"description":"ours","title":null}'))
    assert (row["description"], row["originalDescription"]) == ("ours", "theirs")
    assert row["title"] is None
    assert row["overrides"] == {"description": "ours", "title": None}


def prompt(messages: list[Any] | None, **fields: Any) -> PromptView:
    text = None if messages is None else msgspec.json.encode(messages).decode()
    values: dict[str, Any] = {"id": "p", "name": "p", "original_name": "p", "definition": "{}"}
    return PromptView(messages=text, **(COMMON | values | fields))


def test_a_prompt_of_one_text_is_shown_as_a_template_too() -> None:
    text = {"role": "user", "content": {"type": "text", "text": "Hi {{ name }}"}}
    image = {"role": "user", "content": {"type": "image", "data": "", "mimeType": "image/png"}}
    assert render_held.prompt(prompt([text]))["template"] == "Hi {{ name }}"
    assert render_held.prompt(prompt([text, image]))["template"] == ""
    assert render_held.prompt(prompt(None))["template"] == ""


def test_a_resource_of_our_own_shows_its_content() -> None:
    values: dict[str, Any] = {"id": "r", "uri": "memo://x", "definition": '{"size":2}'}
    row = render_held.resource(ResourceView(content='{"text":"ab"}', **(COMMON | values)))
    assert (row["content"], row["blob"], row["size"]) == ("ab", None, 2)
    theirs = render_held.resource(ResourceView(upstream_id="u", **(COMMON | values)))
    assert (theirs["content"], theirs["blob"], theirs["uriTemplate"]) == (None, None, None)
