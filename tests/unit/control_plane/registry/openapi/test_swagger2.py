"""Swagger 2.0 comes to the same tools as the newer form."""

import json
from typing import Any

import msgspec
import pytest

from mcpgateway.common.routing.rest_request import RestRequest
from mcpgateway.control_plane.registry.openapi.importing import Document, read
from mcpgateway.control_plane.registry.transports.openapi import OpenApiOptions


def imported(operation: dict[str, Any], **more: Any) -> tuple[RestRequest, dict[str, Any]]:
    tree = {
        "swagger": "2.0",
        "host": "a.example",
        "basePath": "/v1",
        "schemes": ["http", "https"],
        "paths": {"/x/{id}": {"post": operation}},
        **more,
    }
    reading = read(Document(json.dumps(tree).encode(), OpenApiOptions()))
    assert not reading.left_out, reading.left_out
    return reading.tools[0].request, msgspec.json.decode(reading.tools[0].definition)


def test_the_api_is_at_its_host_by_tls_where_it_can() -> None:
    assert imported({})[0].url == "https://a.example/v1/x/{id}"


def test_a_body_is_flat_and_definitions_are_found() -> None:
    pet = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
    said = {"parameters": [{"in": "body", "name": "b", "required": True,
                            "schema": {"$ref": "#/definitions/Pet"}}]}  # fmt: skip
    request, told = imported(said, definitions={"Pet": pet})
    assert (request.body, request.headers) == ("json", {})
    assert told["inputSchema"]["required"] == ["id", "name"]


def test_a_file_makes_a_form_one_of_parts() -> None:
    said = {
        "consumes": ["application/x-www-form-urlencoded"],
        "parameters": [
            {"in": "formData", "name": "photo", "type": "file", "required": True},
            {"in": "formData", "name": "kinds", "type": "array", "items": {"type": "string"}},
        ],
    }
    request, told = imported(said)
    assert (request.body, request.files) == ("multipart", {"photo": ""})
    assert request.query_style == {"kinds": "form,compact"}
    assert told["inputSchema"]["required"] == ["id", "photo"]


@pytest.mark.parametrize(
    ("collected", "style"),
    [
        ("csv", "form,compact"),
        (None, "form,compact"),
        ("multi", None),
        ("ssv", "spaceDelimited,compact"),
        ("pipes", "pipeDelimited,compact"),
    ],
)
def test_collections_have_their_styles(collected: str | None, style: str | None) -> None:
    said: dict[str, Any] = {"in": "query", "name": "q", "type": "array", "items": {}}
    if collected:
        said["collectionFormat"] = collected
    assert imported({"parameters": [said]})[0].query_style.get("q") == style


def test_the_media_type_is_the_one_that_models_write_best() -> None:
    patches = ["application/json-patch+json", "application/merge-patch+json", "application/yaml"]
    said = {"in": "body", "name": "b", "schema": {"type": "object"}}
    request, _ = imported({"parameters": [said], "consumes": patches})
    assert request.headers == {"Content-Type": "application/merge-patch+json"}
    request, _ = imported({"parameters": [said]}, consumes=["*/*"])
    assert (request.body, request.headers) == ("json", {})
