"""The document of a server's plain calls is OpenAPI that says what each tool takes and answers."""

import json
from typing import Any

import jsonschema
import msgspec
import pytest
import schemathesis
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.runtime.slices import begun
from mcpgateway.common.tools_document import STEP, Described, document

SERVER = Described("Books", "About books.", "/servers/s1", "1.2.3")
TREE = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "root": {"$ref": "#/$defs/node"},
        "$ref": {"type": "string"},
        "like": {"const": {"$ref": "#/$defs/node"}},
    },
    "required": ["root"],
    "$defs": {"node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}}},
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["$ref", "type", "properties", "a", "$id"]), inner)
    ),
    max_leaves=10,
)


def made(*tools: tuple[str, Any], server: Described = SERVER) -> dict[str, Any]:
    given = [(name, msgspec.json.encode(definition)) for name, definition in tools]
    found: dict[str, Any] = json.loads(begun(document(server, given), 10))
    return found


def followed(whole: Any, ref: str) -> Any:
    found = whole
    for part in ref.removeprefix("#/").split("/"):
        found = found[part.replace("~1", "/").replace("~0", "~")]
    return found


def refs(value: Any) -> list[str]:
    if isinstance(value, list):
        return [each for one in value for each in refs(one)]
    if not isinstance(value, dict):
        return []
    found = [each for name, one in value.items() if name != "const" for each in refs(one)]
    own = value.get("$ref")
    return [*found, own] if isinstance(own, str) else found


def test_each_tool_is_a_post_with_its_arguments_as_the_body() -> None:
    definition = {
        "title": "Lend",
        "description": "Lends a book.",
        "inputSchema": {"type": "object", "required": ["id"]},
    }
    found = made(("lend/book", definition))
    operation = found["paths"]["/tools/lend%2Fbook"]["post"]
    assert operation["operationId"] == "lend/book"
    assert (operation["summary"], operation["description"]) == ("Lend", "Lends a book.")
    body = operation["requestBody"]
    assert body["required"]
    ref = body["content"]["application/json"]["schema"]["$ref"]
    assert followed(found, ref) == definition["inputSchema"]
    assert set(operation["responses"]) == {"200", "422", "default"}


def test_it_says_whose_tools_they_are_and_how_to_call_them() -> None:
    found = made()
    assert found["openapi"] == "3.1.0"
    assert found["info"] == {"title": "Books", "description": "About books.", "version": "1.2.3"}
    assert found["servers"] == [{"url": "/servers/s1"}]
    assert found["security"] == [{"bearer": []}]
    assert made(server=SERVER._replace(open=True))["security"] == [{"bearer": []}, {}]


def test_it_is_what_openapi_asks_for() -> None:
    output = {"type": "object"}
    found = made(("tree", {"inputSchema": TREE}), ("a/b c", {"outputSchema": output}), ("n", []))
    schemathesis.openapi.from_dict(found).validate()


def test_what_a_schema_refers_to_within_itself_is_found_where_it_stands_now() -> None:
    found = made(("tree", {"inputSchema": TREE}))
    assert "$schema" not in json.dumps(found["components"])
    pointed = refs(found)
    assert pointed
    assert all(followed(found, ref) is not None for ref in pointed)
    schema = {"$ref": "#/components/schemas/tree", "components": found["components"]}
    jsonschema.validate({"root": {"next": {}}}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"root": {"next": 7}}, schema)


def test_data_in_a_schema_is_left_as_it_is() -> None:
    found = made(("tree", {"inputSchema": TREE}))
    like = found["components"]["schemas"]["tree"]["properties"]["like"]
    assert like == {"const": {"$ref": "#/$defs/node"}}


@pytest.mark.parametrize("name", ["default", "enum", "const", "$id", "properties"])
def test_a_member_may_be_called_as_a_keyword_is(name: str) -> None:
    node = {"$ref": "#/$defs/node"}
    schema = {"type": "object", "properties": {name: node, "a": node}, "$defs": TREE["$defs"]}
    found = made(("tree", {"inputSchema": schema}))
    takes = found["components"]["schemas"]["tree"]["properties"]
    assert takes[name] == takes["a"] == {"$ref": "#/components/schemas/tree/$defs/node"}


def test_an_output_schema_types_what_is_structured() -> None:
    output = {"type": "object", "properties": {"sum": {"type": "integer"}}}
    found = made(("add", {"outputSchema": output}))
    answer = found["paths"]["/tools/add"]["post"]["responses"]["200"]
    schema = {**answer["content"]["application/json"]["schema"], "components": found["components"]}
    jsonschema.validate({"content": [], "structuredContent": {"sum": 5}}, schema)
    wrongs: list[Any] = [{"content": []}, {"content": [], "structuredContent": {"sum": "5"}}]
    for wrong in wrongs:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


def test_tools_whose_names_are_alike_have_schemas_of_their_own() -> None:
    names = ["a b", "a_b", "a/b", "a_b.Output", "ToolResult", "日本"]
    found = made(*((name, {"inputSchema": {"title": name}}) for name in names))
    for path, item in found["paths"].items():
        ref = item["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        assert followed(found, ref)["title"] == item["post"]["operationId"], path
    assert len(found["paths"]) == len(names)


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b'{"inputSchema":7,"description":[]}'])
def test_a_definition_that_can_not_be_read_takes_any_object(raw: bytes) -> None:
    found = json.loads(begun(document(SERVER, [("t", raw)]), 10))
    assert found["components"]["schemas"]["t"] == {"type": "object"}


def test_it_is_made_in_steps() -> None:
    many = [(f"t{n}", b"{}") for n in range(10 * STEP)]
    assert sum(1 for _ in document(SERVER, many)) == 10


@given(JSON)
def test_any_schema_makes_a_document(schema: Any) -> None:
    assert made(("t", {"inputSchema": schema, "outputSchema": schema}))["paths"].keys() == {
        "/tools/t"
    }
