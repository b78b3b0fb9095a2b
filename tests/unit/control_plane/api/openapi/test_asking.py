"""Finding out what a handler reads of a request, without anything being done."""

import asyncio
from typing import Any

import pytest
from msgspec import UNSET
from starlette.requests import Request
from starlette.responses import Response

from mcpgateway.common.errors import Bug
from mcpgateway.control_plane.api.http import paging
from mcpgateway.control_plane.api.http.errors import bad_query
from mcpgateway.control_plane.api.http.exchange import expected_version, id_of, read_object
from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.openapi.asking import Edge, ask

EDGE: Any = Edge()


def read_owner(fields: Fields) -> None:
    owner = fields.mapping("owner")
    if owner is not UNSET:
        inner = Fields(owner)
        inner.filled("email", 99, required=True)
        fields.problems += [each._replace(field=f"owner.{each.field}") for each in inner.problems]


async def handler(request: Request) -> Response:
    id_of(request, "thing")
    expected_version(request)
    paging.flag(request.query_params, "loud")
    request.query_params.get("plain", "")
    fields = Fields(await read_object(request))
    fields.filled("name", 9, required=True)
    if fields.choice("kind", ("file", "link")) == "file":
        fields.integer("size", 1, 9)
        read_owner(fields)
    fields.check()
    await EDGE.store.write()
    raise AssertionError("the edge was passed")


def test_paths_queries_headers_and_bodies_are_found_out() -> None:
    asked = ask(handler, "PUT", ["id"])
    assert asked.path["id"]["pattern"] == "^[0-9a-f]{32}$"
    assert asked.query == {
        "loud": {"type": "boolean", "default": False},
        "plain": {"type": "string"},
    }
    assert "if-match" in asked.headers
    assert asked.body is not None
    assert asked.body.schema()["required"] == ["name"]


def test_what_is_read_only_after_some_word_is_found_too() -> None:
    body = ask(handler, "PUT", ["id"]).body
    assert body is not None
    members = body.schema()["properties"]
    assert list(members) == ["name", "kind", "size", "owner"]
    assert members["size"] == {"type": ["integer", "null"], "minimum": 1, "maximum": 9}
    assert members["owner"]["properties"]["email"]["type"] == "string"
    assert members["owner"]["required"] == ["email"]


def test_a_parameter_without_which_nothing_goes_is_required() -> None:
    async def search(request: Request) -> Response:
        if not paging.text(request.query_params, "q", "What to look for."):
            raise bad_query("q", "is required")
        return Response()

    assert ask(search, "GET", []).needed == {"q"}


def test_a_handler_without_a_body_has_none() -> None:
    async def get(request: Request) -> Response:
        return Response()

    assert ask(get, "GET", []).body is None


def test_a_handler_that_waits_for_the_world_can_not_be_described() -> None:
    async def hang(request: Request) -> Response:
        await asyncio.Event().wait()
        return Response()

    with pytest.raises(Bug, match="outside of its ports"):
        ask(hang, "GET", [], longest=0.01)
