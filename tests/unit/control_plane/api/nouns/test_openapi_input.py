"""What a body says of an API with an OpenAPI document."""

from typing import Any

import pytest
from msgspec import UNSET

from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.nouns.openapi_input import read_openapi
from mcpgateway.control_plane.api.nouns.transport_told import TransportInput
from mcpgateway.control_plane.registry.transports.openapi import Choice, OpenApiOptions, read

URL = "https://a.example/openapi.json"


def told(openapi: object, *, new: bool = True) -> TransportInput:
    fields = Fields({"openapi": openapi})
    found = read_openapi(fields, new)
    fields.check()
    return found


def problems(openapi: object, *, new: bool = True) -> list[str]:
    fields = Fields({} if openapi is None else {"openapi": openapi})
    read_openapi(fields, new)
    return [each.field for each in fields.problems]


def test_all_of_it_is_read_in_either_spelling() -> None:
    said = {
        "documentUrl": URL,
        "tags": ["a"],
        "paths": ["/a/*"],
        "methods": ["get"],
        "operations": "list*,get*",
        "exclude": {"methods": ["delete"], "tags": ["b"]},
        "deprecated": False,
        "outputSchemas": False,
        "schema_bytes": 2048,
        "headers": {"X-Version": "2"},
    }
    found = told(said)
    assert found.document is UNSET
    assert found.options is not UNSET
    assert read(found.options) == OpenApiOptions(
        document_url=URL,
        tags=("a",),
        paths=("/a/*",),
        methods=("GET",),
        operations=("list*", "get*"),
        exclude=Choice(tags=("b",), methods=("DELETE",)),
        deprecated=False,
        output_schemas=False,
        schema_bytes=2048,
        headers={"X-Version": "2"},
    )


def test_what_is_shown_can_be_sent_back() -> None:
    found = told({"document_url": URL, "tags": ["a"], "exclude": {"paths": ["/b"]}})
    assert told(found.options) == found


@pytest.mark.parametrize("document", ["openapi: 3.0.0", {"openapi": "3.0.0"}])
def test_a_document_is_a_text_or_is_one(document: object) -> None:
    assert b"3.0.0" in (told({"document": document}).document or b"")


def test_a_document_may_be_nested_as_deep_as_documents_are() -> None:
    deep: Any = {}
    for _ in range(100):
        deep = {"a": deep}
    assert told({"document": deep}).document
    assert problems({"document_url": URL, "exclude": deep}) == ["openapi"]


def test_a_change_may_leave_the_document_as_it_is() -> None:
    found = told({"tags": ["a"]}, new=False)
    assert (found.document, found.options) == (UNSET, {"tags": ["a"]})
    assert problems(None, new=False) == []


@pytest.mark.parametrize(
    ("openapi", "field"),
    [
        (None, "openapi"),
        ("x", "openapi"),
        ({}, "openapi.document_url"),
        ({"document_url": "ftp://a.example"}, "openapi.document_url"),
        ({"document_url": "https://u:p@a.example"}, "openapi.document_url"),
        ({"document_url": URL, "document": "x"}, "openapi.document"),
        ({"document": ""}, "openapi.document"),
        ({"document": 5}, "openapi.document"),
        ({"document_url": URL, "methods": ["HEAD"]}, "openapi.methods"),
        ({"document_url": URL, "exclude": {"methods": ["X"]}}, "openapi.exclude.methods"),
        ({"document_url": URL, "exclude": {"other": []}}, "openapi.exclude.other"),
        ({"document_url": URL, "schema_bytes": 5}, "openapi.schema_bytes"),
        ({"document_url": URL, "headers": {"Authorization": "x"}}, "openapi.headers.Authorization"),
        ({"document_url": URL, "headers": {"X-A": "a\nb"}}, "openapi.headers.X-A"),
        ({"document_url": URL, "tag": ["a"]}, "openapi.tag"),
        ({"document_url": URL, "tags": [5]}, "openapi.tags[0]"),
    ],
)
def test_what_is_wrong_is_told_by_its_name(openapi: object, field: str) -> None:
    assert problems(openapi) == [field]
