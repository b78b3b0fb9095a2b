"""Whole documents as tools: where each argument goes, what is said of it, and what is left out."""

import copy
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcpgateway.common import schema_check
from mcpgateway.common.rest import rules
from mcpgateway.common.routing.rest_request import RestRequest
from mcpgateway.control_plane.registry.openapi.importing import (
    Document,
    Imported,
    LeftOut,
    Reading,
    read,
)
from mcpgateway.control_plane.registry.openapi.text import BadDocument
from mcpgateway.control_plane.registry.transports.openapi import OpenApiOptions

URL = "https://api.example/v1"


def document(paths: dict[str, Any], version: str = "3.0.3", **more: Any) -> Document:
    tree: dict[str, Any] = {"openapi": version, "servers": [{"url": URL}], "paths": paths, **more}
    return Document(json.dumps(tree).encode(), OpenApiOptions())


def imported(
    operation: dict[str, Any], method: str = "get", path: str = "/a", **more: Any
) -> tuple[RestRequest, dict[str, Any]]:
    reading = read(document({path: {method: operation}}, **more))
    assert not reading.left_out, reading.left_out
    [tool] = reading.tools
    return tool.request, msgspec.json.decode(tool.definition)


def refused(operation: dict[str, Any], method: str = "get", path: str = "/a", **more: Any) -> str:
    reading = read(document({path: {method: operation}}, **more))
    assert not reading.tools
    [left] = reading.left_out
    return left.reason


def parameter(name: str, place: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "in": place, "schema": {"type": "string"}, **more}


def body(schema: dict[str, Any], kind: str = "application/json", **more: Any) -> dict[str, Any]:
    return {"requestBody": {"content": {kind: {"schema": schema, **more}}, "required": True}}


def obj(*required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


TEXT = {"type": "string"}


def test_each_parameter_goes_to_its_place() -> None:
    places = ("path", "query", "header", "cookie")
    said = [parameter(f"{place}Id", place) for place in places]
    request, told = imported({"parameters": said}, "post", "/a/{pathId}/b")

    assert request.url == f"{URL}/a/{{pathId}}/b"
    assert request.header_mapping == {"headerId": "headerId"}
    assert request.cookie_mapping == {"cookieId": "cookieId"}
    assert (request.query_mapping, request.body) == ({}, "none")
    assert list(told["inputSchema"]["properties"]) == ["pathId", "queryId", "headerId", "cookieId"]
    assert told["inputSchema"]["required"] == ["pathId"]


def test_arguments_of_one_name_stay_apart() -> None:
    said = {"parameters": [parameter("id", "path"), parameter("id", "query")]}
    request, told = imported(said | body(obj("id", id=TEXT)), "put", "/a/{id}")
    assert request.query_mapping == {"id_query": "id"}
    assert request.body_mapping == {"id_body": "id"}
    assert set(told["inputSchema"]["properties"]) == {"id", "id_query", "id_body"}
    assert told["inputSchema"]["required"] == ["id", "id_body"]


def test_names_that_models_can_not_say_are_mapped() -> None:
    request, told = imported({"parameters": [parameter("filter[a b]", "query")]})
    assert request.query_mapping == {"filter_a_b_": "filter[a b]"}
    assert list(told["inputSchema"]["properties"]) == ["filter_a_b_"]


def test_a_path_may_have_holes_that_nobody_declared_and_odd_letters() -> None:
    request, told = imported({}, path="/a b/{+path}/é.{format}")
    assert request.url == f"{URL}/a%20b/{{+path}}/%C3%A9.{{format}}"
    assert told["inputSchema"]["required"] == ["path", "format"]


def test_what_can_have_but_one_value_is_no_argument() -> None:
    only = {"schema": {"type": "string", "enum": ["2026-01"]}, "required": True}
    said = [parameter("v", "query", **only), parameter("X-Version", "header", **only)]
    request, told = imported({"parameters": said}, path="/a/#Action")
    assert request.url == f"{URL}/a/?v=2026-01"
    assert request.headers == {"X-Version": "2026-01"}
    assert told["inputSchema"]["properties"] == {}


@pytest.mark.parametrize(
    ("said", "style"),
    [
        ({"schema": {"type": "array"}}, None),
        ({"schema": {"type": "array"}, "explode": False}, "form,compact"),
        ({"schema": {"type": "array"}, "style": "pipeDelimited"}, "pipeDelimited,compact"),
        ({"schema": {"type": "object"}, "style": "deepObject"}, "deepObject"),
        ({"schema": {"type": "object"}}, "form"),
        ({"schema": {"type": "integer"}, "explode": False}, None),
    ],
)
def test_styles_are_those_of_openapi(said: dict[str, Any], style: str | None) -> None:
    request, _ = imported({"parameters": [parameter("q", "query", **said)]})
    assert request.query_style.get("q") == style


def test_a_parameter_may_be_json_in_a_text() -> None:
    said = {"name": "q", "in": "query", "content": {"application/json": {"schema": {}}}}
    _, told = imported({"parameters": [said]})
    assert told["inputSchema"]["properties"]["q"]["contentMediaType"] == "application/json"


def test_parameters_of_an_operation_count_before_those_of_its_path() -> None:
    item = {
        "parameters": [parameter("a", "query", description="path's"), parameter("b", "query")],
        "get": {"parameters": [parameter("a", "query", description="own", required=True)]},
    }
    [tool] = read(document({"/a": item})).tools
    schema = msgspec.json.decode(tool.definition)["inputSchema"]
    assert schema["properties"]["a"]["description"] == "own"
    assert (set(schema["properties"]), schema["required"]) == ({"a", "b"}, ["a"])


@pytest.mark.parametrize(
    ("kind", "body_is", "header"),
    [
        ("application/json", "json", None),
        ("application/json; charset=utf-8", "json", None),
        ("application/merge-patch+json", "json", "application/merge-patch+json"),
        ("application/x-www-form-urlencoded", "form", None),
        ("multipart/form-data", "multipart", None),
    ],
)
def test_members_of_a_body_are_arguments(kind: str, body_is: str, header: str | None) -> None:
    request, told = imported(body(obj("a", a=TEXT, b=TEXT), kind), "post")
    assert (request.body, request.body_argument) == (body_is, "")
    assert request.headers.get("Content-Type") == header
    assert told["inputSchema"]["required"] == ["a"]


@pytest.mark.parametrize(
    ("kind", "body_is"),
    [("text/plain", "text"), ("application/xml", "text"), ("image/png", "binary")],
)
def test_a_body_that_is_no_object_is_one_argument(kind: str, body_is: str) -> None:
    request, told = imported(body({}, kind), "post")
    assert (request.body, request.body_argument) == (body_is, "body")
    assert request.headers["Content-Type"] == kind
    assert told["inputSchema"]["properties"]["body"]["type"] == "string"


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "items": TEXT},
        {"oneOf": [obj(a=TEXT), obj(b=TEXT)]},
        {"type": "object", "additionalProperties": TEXT},
        {},
        {**obj(a=TEXT), "nullable": True},
    ],
)
def test_json_that_has_no_fixed_members_is_one_argument(schema: dict[str, Any]) -> None:
    request, _ = imported(body(schema), "post")
    assert (request.body, request.body_argument) == ("json", "body")


def test_an_object_put_together_is_one() -> None:
    base: dict[str, Any] = {"components": {"schemas": {"Base": obj("a", a=TEXT)}}}
    parts = [{"$ref": "#/components/schemas/Base"}, obj("b", b={"type": "integer"})]
    request, told = imported(body({"allOf": parts}), "post", **base)
    assert request.body_argument == ""
    assert told["inputSchema"]["required"] == ["a", "b"]


def test_of_a_body_that_may_be_missing_nothing_is_required() -> None:
    said = body(obj("a", a=TEXT))
    said["requestBody"]["required"] = False
    _, told = imported(said, "post")
    assert "required" not in told["inputSchema"]


def test_json_is_sent_where_there_is_a_choice() -> None:
    kinds = ("application/xml", "multipart/form-data", "application/json", "text/csv")
    said = {"requestBody": {"content": {kind: {"schema": obj(a=TEXT)} for kind in kinds}}}
    assert imported(said, "post")[0].body == "json"


def test_files_of_a_form_are_base64() -> None:
    octets = {"type": "string", "format": "binary", "description": "A photo."}
    schema = obj("one", one=octets, more={"type": "array", "items": octets}, title=TEXT)
    encoding = {"encoding": {"one": {"contentType": "image/png"}}}
    request, told = imported(body(schema, "multipart/form-data", **encoding), "post")
    assert request.files == {"one": "image/png", "more": ""}
    shown = told["inputSchema"]["properties"]
    assert shown["one"]["contentEncoding"] == shown["more"]["items"]["contentEncoding"] == "base64"
    assert shown["one"]["description"] == "A photo. (a file, in base64)"


def test_what_is_only_read_is_not_asked_for_and_what_is_only_written_not_told() -> None:
    pet = obj(
        "id", "name", id={**TEXT, "readOnly": True}, name=TEXT, key={**TEXT, "writeOnly": True}
    )
    answer = {"responses": {"200": {"content": {"application/json": {"schema": pet}}}}}
    _, told = imported(body(pet) | answer, "post")
    assert set(told["inputSchema"]["properties"]) == {"name", "key"}
    assert told["inputSchema"]["required"] == ["name"]
    assert set(told["outputSchema"]["properties"]) == {"id", "name"}


def test_an_answer_is_of_a_shape_and_refuses_little() -> None:
    schema = obj(
        "a", a={"type": "string", "maxLength": 3, "enum": ["x"]}, b={"oneOf": [TEXT, TEXT]}
    )
    answer = {"responses": {"201": {"content": {"application/json": {"schema": schema}}}}}
    _, told = imported(answer)
    check = schema_check.Check(told["outputSchema"])
    assert check.problems({"a": None, "b": "both", "c": 1}) == []
    assert check.problems({"a": 5}) != []


@pytest.mark.parametrize(
    "responses",
    [
        {},
        {"204": {}},
        {"200": {"content": {"text/html": {}}}},
        {"200": {"content": {"application/json": {"schema": TEXT}}}, "204": {}},
        {"404": {"content": {"application/json": {"schema": TEXT}}}},
    ],
)
def test_where_answers_differ_nothing_is_promised(responses: dict[str, Any]) -> None:
    assert "outputSchema" not in imported({"responses": responses})[1]


def test_hints_follow_from_the_method() -> None:
    hints = {
        each.method: msgspec.json.decode(each.definition)["annotations"]
        for each in read(document({"/a": {m: {} for m in ("get", "post", "put", "delete")}})).tools
    }
    assert hints["GET"] == {"readOnlyHint": True}
    assert hints["POST"] == {"readOnlyHint": False}
    assert hints["DELETE"]["destructiveHint"] is hints["PUT"]["idempotentHint"] is True


def test_credentials_are_no_arguments() -> None:
    key = {"type": "apiKey", "in": "query", "name": "api_key"}
    said = [parameter("API_KEY", "query"), parameter("Authorization", "header", required=True)]
    more: dict[str, Any] = {"components": {"securitySchemes": {"key": key}}}
    assert imported({"parameters": said}, **more)[1]["inputSchema"]["properties"] == {}


@pytest.mark.parametrize(
    ("operation", "method", "reason"),
    [
        ({}, "head", "is HEAD"),
        (body(obj("a", a=TEXT)), "get", "needs a body"),
        ({"parameters": [{"$ref": "other.yaml#/P"}]}, "get", "another document"),
        ({"parameters": [{"$ref": "file:///etc/passwd"}]}, "get", "'file:///etc/passwd'"),
        ({"parameters": [{"$ref": "http://169.254.169.254/#/a"}]}, "get", "another document"),
        ({"parameters": [{"$ref": "#/components/parameters/Gone"}]}, "get", "not there"),
        ({"parameters": [parameter("a", "matrix")]}, "get", "no place"),
        ({"parameters": [parameter("Host2", "header"), 5]}, "get", "no place"),
        (body({"type": "string"}, "multipart/form-data"), "post", "not named"),
        ({"servers": [{"url": "https://evil.example"}]}, "get", "not at 'https://api.example:443'"),
        ({"parameters": [parameter("Cookie", "header", required=True)]}, "get", "no argument may"),
        (body({"$ref": "#/components/schemas/Loop"}), "post", "refers to itself"),
        (body(obj(a={"$ref": "#/components/schemas/Whole"})), "post", "made of itself"),
        (body(obj(a={"$ref": "http://127.0.0.1/x"})), "post", "another document"),
    ],
)
def test_what_becomes_no_tool_is_listed_with_the_reason(
    operation: dict[str, Any], method: str, reason: str
) -> None:
    schemas = {
        "Loop": {"$ref": "#/components/schemas/Pool"},
        "Pool": {"$ref": "#/components/schemas/Loop"},
        "Whole": {"allOf": [{"$ref": "#/components/schemas/Whole"}]},
    }
    assert reason in refused(operation, method, components={"schemas": schemas})


@pytest.mark.parametrize("path", ["/../admin", "/a/%2e%2E/b", "/a/./b", "/.."])
def test_no_path_leads_out_of_its_api(path: str) -> None:
    reading = read(document({path: {"get": {}}}))
    assert not reading.tools
    assert "which may lead out" in reading.left_out[0].reason


def test_one_bad_operation_takes_nothing_with_it() -> None:
    bad = {"parameters": [{"$ref": "#/gone"}]}
    reading = read(document({"/a": {"get": bad}, "/b": {"$ref": "#/gone"}, "/c": {"get": {}}}))
    assert [each.path for each in reading.tools] == ["/c"]
    assert sorted(each.path for each in reading.left_out) == ["/a", "/b"]


def test_recursive_schemas_refer_to_themselves() -> None:
    node = obj(value=TEXT, next={"$ref": "#/components/schemas/Node"})
    schemas: dict[str, Any] = {"components": {"schemas": {"Node": node}}}
    _, told = imported(body(obj(root={"$ref": "#/components/schemas/Node"})), "post", **schemas)
    check = schema_check.Check(told["inputSchema"])
    assert check.problems({"root": {"value": "a", "next": {"next": {"value": "b"}}}}) == []
    assert check.problems({"root": {"next": {"next": {"value": 5}}}}) != []


def test_what_is_used_once_stands_where_it_is_used() -> None:
    schemas: dict[str, Any] = {"components": {"schemas": {"One": obj(a=TEXT), "Two": obj(b=TEXT)}}}
    one, two = ({"$ref": f"#/components/schemas/{name}"} for name in ("One", "Two"))
    _, told = imported(body(obj(x=one, y=two, z=two)), "post", **schemas)
    assert told["inputSchema"]["properties"]["x"]["properties"] == {"a": TEXT}
    assert list(told["inputSchema"]["$defs"]) == ["Two"]


def deep(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string", "description": "the innermost"}
    for n in range(levels):
        schema = obj(**{f"level{n}": schema, f"word{n}": {**TEXT, "description": "long " * 40}})
    return schema


@given(st.integers(1, 40), st.integers(1024, 20_000))
@settings(max_examples=30, deadline=None)
def test_a_schema_keeps_to_its_size_and_refuses_nothing_more(levels: int, most: int) -> None:
    asked = document({"/a": {"post": body(deep(levels))}})
    asked = msgspec.structs.replace(asked, options=OpenApiOptions(schema_bytes=most))
    [tool] = read(asked).tools
    schema = msgspec.json.decode(tool.definition)["inputSchema"]
    assert len(msgspec.json.encode(schema)) <= most + 200
    value: Any = "x"
    for n in range(levels):
        value = {f"level{n}": value}
    assert schema_check.Check(schema).problems(value) == []


def test_the_api_is_where_the_document_says_or_where_one_says() -> None:
    templated = {"url": "https://a.example/{v}/", "variables": {"v": {"default": "v2"}}}
    said = {"servers": [{"url": "http://a.example/v1/"}, templated]}
    tree = {"openapi": "3.1.0", "paths": {"/x": {"get": {}}}, **said}
    asked = Document(json.dumps(tree).encode(), OpenApiOptions())
    assert read(asked).url == "https://a.example/v2"
    here = msgspec.structs.replace(asked, url="https://b.example/api")
    assert read(here).tools[0].request.url == "https://b.example/api/x"


def test_a_server_without_a_scheme_is_called_by_tls() -> None:
    tree = {"openapi": "3.0.0", "servers": [{"url": "//a.example"}], "paths": {"/x": {"get": {}}}}
    asked = Document(json.dumps(tree).encode(), OpenApiOptions())
    assert read(asked).tools[0].request.url == "https://a.example/x"


def test_relative_servers_are_where_the_document_was_found() -> None:
    tree = {"openapi": "3.0.0", "servers": [{"url": "/api/v3"}], "paths": {"/x": {"get": {}}}}
    asked = Document(json.dumps(tree).encode(), OpenApiOptions())
    with pytest.raises(BadDocument, match="does not say where its API is"):
        read(asked)
    found = msgspec.structs.replace(asked, found_at="https://a.example/docs/openapi.json")
    assert read(found).url == "https://a.example/api/v3"


MEMBERS = st.dictionaries(
    st.sampled_from(["type", "properties", "items", "$ref", "enum", "allOf", "oneOf", "required",
                     "nullable", "pattern", "additionalProperties", "default", "minimum", "format",
                     "not", "in", "name", "schema", "style", "explode", "content", "description",
                     "application/json", "multipart/form-data", "a", "b"]),
    st.deferred(lambda: VALUES), max_size=5,
)  # fmt: skip
VALUES: st.SearchStrategy[Any] = st.deferred(
    lambda: (
        st.sampled_from(
            [
                "string",
                "object",
                "array",
                "query",
                "path",
                "(",
                "#/components/schemas/A",
                "#/a~b",
                "#/components/schemas/B",
                "x.yaml",
                True,
                False,
                None,
                5,
                -1.5,
                2**70,
                "deepObject",
            ]
        )
        | st.lists(VALUES, max_size=3)
        | MEMBERS
    )
)


@given(
    operations=st.dictionaries(
        st.sampled_from(["get", "post", "put", "trace", "parameters", "$ref", "servers"]),
        st.fixed_dictionaries(
            {},
            optional={
                "parameters": st.lists(MEMBERS, max_size=3) | VALUES,
                "requestBody": st.fixed_dictionaries({"content": MEMBERS}) | VALUES,
                "responses": st.dictionaries(st.sampled_from(["200", "default"]), VALUES),
                "operationId": VALUES,
                "summary": VALUES,
                "tags": VALUES,
                "servers": VALUES,
            },
        )
        | VALUES,
        min_size=1,
    ),
    schemas=st.dictionaries(st.sampled_from("AB"), VALUES),
    version=st.sampled_from(["3.0.0", "3.1.0", "2.0"]),
)
@settings(max_examples=300, deadline=None)
def test_of_any_document_every_operation_is_a_sound_tool_or_listed(
    operations: dict[str, Any], schemas: dict[str, Any], version: str
) -> None:
    tree = {
        "openapi" if version[0] == "3" else "swagger": version,
        "paths": {"/a/{id}": operations},
        "components": {"schemas": schemas},
        "definitions": schemas,
    }
    before = copy.deepcopy(tree)
    reading = read(Document(json.dumps(tree).encode(), OpenApiOptions(), URL))

    assert tree == before
    wanted = {name.upper() for name in operations if name in ("get", "post", "put", "trace")}
    wanted = {name for name in wanted if isinstance(operations[name.lower()], dict)}
    if "$ref" not in operations:
        done: list[Imported | LeftOut] = [*reading.tools, *reading.left_out]
        assert {each.method for each in done} == wanted
    check_sound(reading)


def check_sound(reading: Reading) -> None:
    for tool in reading.tools:
        told = msgspec.json.decode(tool.definition)
        assert rules.problems(tool.request) == []
        assert schema_check.problems(told["inputSchema"]) == []
        assert schema_check.problems(told.get("outputSchema", {})) == []
        assert told["inputSchema"]["type"] == "object"
        known = told["inputSchema"]["properties"].keys()
        for mapping in ("query_mapping", "header_mapping", "cookie_mapping", "body_mapping"):
            assert getattr(tool.request, mapping).keys() <= known
        assert tool.request.body_argument in {"", *known}
