"""The description of the whole API: complete, true to its routes, and every field of it refused by
name when it is wrong. New routes and fields are covered by themselves."""

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jsonschema
import pytest
from starlette.routing import Route

from mcpgateway.common.paths import owner
from mcpgateway.control_plane.api.app import idle, routes
from mcpgateway.control_plane.api.http.operation import Served
from mcpgateway.control_plane.api.http.shell import OPEN
from mcpgateway.control_plane.api.openapi.asking import Run
from mcpgateway.control_plane.api.openapi.elsewhere import DATA_PLANE
from mcpgateway.data_plane.edge.routes import resolve
from support.api_document import Described, api_document, idle_parts, operations

DOCUMENT = api_document()
OPERATIONS = list(operations(DOCUMENT))
ROUTES = {
    (method, route.path_format): (route, operation)
    for route in routes(idle(idle_parts()))
    if isinstance(route, Served)
    for method, operation in route.operations.items()
}
WITH_BODY = [each for each in OPERATIONS if each.body is not None]
ID = "0" * 32


def named(described: Described) -> str:
    return f"{described.method} {described.path}"


def schemas(value: Any) -> Iterator[Mapping[str, Any]]:
    """Of all bodies and parameters."""
    if isinstance(value, list):
        for each in value:
            yield from schemas(each)
    elif isinstance(value, dict):
        if isinstance(value.get("schema"), dict):
            yield value["schema"]
        for each in value.values():
            yield from schemas(each)


def test_what_is_served_is_described_and_nothing_else() -> None:
    told = {(each.method, each.path) for each in OPERATIONS}
    overlaid = {(m.upper(), path) for path, item in DATA_PLANE.items() for m in item}
    assert told == set(ROUTES) - overlaid


def test_every_route_of_the_api_can_be_described() -> None:
    plain = [route for route in routes(idle(idle_parts())) if isinstance(route, Route)]
    assert all(isinstance(route, Served) for route in plain)


@pytest.mark.parametrize(("path", "item"), DATA_PLANE.items())
def test_what_is_told_of_the_data_plane_is_served_there(path: str, item: Any) -> None:
    for method in item:
        concrete = path.replace("{id}", ID)
        assert owner(method.upper(), concrete) == "data-plane"
        assert resolve(method.upper(), concrete).room != "absent"


@pytest.mark.parametrize("described", OPERATIONS, ids=named)
def test_an_operation_says_what_it_does_and_what_it_answers(described: Described) -> None:
    assert described.told["summary"]
    answers = {s: a for s, a in described.told["responses"].items() if s < "4"}
    assert answers
    contents = [
        content for answer in answers.values() for content in answer.get("content", {}).values()
    ]
    assert all(content["schema"] for content in contents)


def test_an_operation_has_a_name_of_its_own() -> None:
    names = [told["operationId"] for item in DOCUMENT["paths"].values() for told in item.values()]
    assert len(names) == len(set(names))


def test_only_open_paths_need_no_token() -> None:
    assert {each.path for each in OPERATIONS if each.open} <= OPEN


def test_every_schema_is_a_schema_and_every_reference_leads_somewhere() -> None:
    for schema in schemas(DOCUMENT["paths"]):
        jsonschema.Draft202012Validator.check_schema(schema)
    for name in references(DOCUMENT):
        assert name in DOCUMENT["components"]["schemas"]


def references(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from references(each)
    elif isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"].rpartition("/")[2]
        for each in value.values():
            yield from references(each)


@pytest.mark.parametrize("described", WITH_BODY, ids=named)
def test_of_every_field_it_is_told_what_it_may_be(described: Described) -> None:
    assert [path for path, schema in fields(described.body or {}) if not schema] == []


@pytest.mark.parametrize("described", WITH_BODY, ids=named)
def test_a_field_that_is_not_as_described_is_refused_by_its_name(described: Described) -> None:
    route, operation = ROUTES[described.method, described.path]
    body = described.body or {}
    settings = list(beside(body))
    with asyncio.Runner() as runner:

        def refused(name: str, value: object, others: dict[str, Any]) -> bool:
            run = Run(described.method, list(route.param_convertors), {**others, name: value})
            found = run.of(operation.handler, runner)
            return any(re.split(r"[.[]", problem.field)[0] == name for problem in found)

        taken = [
            f"{name} = {value!r:.60}, which is not {schema}"
            for name, schema in body["properties"].items()
            for value in wrong(schema)
            if not any(refused(name, value, others) for others in settings)
        ]
    assert taken == []


def fields(schema: Mapping[str, Any], at: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, member in schema.get("properties", {}).items():
        yield f"{at}{name}", member
        yield from fields(member, f"{at}{name}.")
    for choice in schema.get("anyOf", ()):
        yield from fields(choice, at)
    yield from fields(schema["items"], f"{at}[].") if "items" in schema else ()


def beside(body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What else to say, for fields that are read only then."""
    yield {}
    for name, schema in body["properties"].items():
        words = [word for choice in choices(schema) for word in choice.get("enum", ())]
        yield from ({name: word} for word in words if isinstance(word, str) and word)


def wrong(schema: Mapping[str, Any]) -> Iterator[object]:
    """Values of every kind, of which the schema takes none; null says nothing."""
    good = jsonschema.Draft202012Validator(schema)
    for choice in choices(schema):
        yield from (value for value in around(choice) if not good.is_valid(value))


def choices(schema: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = schema.get("anyOf", [schema])
    return found


def around(schema: Mapping[str, Any]) -> Iterator[object]:
    yield from (
        True,
        0,
        -1,
        0.5,
        10**15,
        "",
        " ",
        "\0",
        "x\x1b",
        [],
        [5],
        [[]],
        ["\0"],
        {},
        {"\0": 1},
    )
    length = schema.get("maxLength", 100_000)
    yield "x" * (length + 1)
    yield from (schema[limit] + step for limit, step in LIMITS if limit in schema)
    if "items" in schema:
        yield ["x"] * (schema.get("maxItems", 100_000) + 1)
        yield ["x" * (schema["items"].get("maxLength", 100_000) + 1)]


LIMITS = (("minimum", -1), ("maximum", 1))
