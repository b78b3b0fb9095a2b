"""What a principal is offered at an endpoint: names, lists, capabilities, and nothing else."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.policy.access.scope import Scope
from mcpgateway.common.policy.access.subject import Subject
from mcpgateway.common.routing.build import build
from mcpgateway.common.routing.model import Access, Principal, Record
from mcpgateway.common.routing.table import Table
from mcpgateway.common.routing.view import View
from support.registries import (
    ADMIN,
    ANN,
    BOB,
    HAS_USER_ROLE,
    REGISTRY,
    USER_ROLE,
    prompt,
    resource,
    server,
    tool,
    upstream,
)

SCHEMA = b'{"type":"object"}'


def table(*records: Record) -> Table:
    made = build(REGISTRY, 1, (USER_ROLE, *records))
    assert made.faults == ()
    return made


def view(of: Table, principal: Principal | None = ADMIN, server_id: str | None = None) -> View:
    found = of.view(Subject(principal), server_id)
    assert found is not None
    return found


def test_a_token_of_one_server_is_offered_what_is_at_that_server_alone() -> None:
    of = table(upstream(), tool(), server("s1", tools=("t1",)), server("s2", tools=("t1",)))
    narrow = Subject(ADMIN, Scope(server="s1"))
    at = {id: of.view(narrow, id) for id in ("s1", "s2", None)}
    assert [id for id, found in at.items() if found is not None] == ["s1"]


def names(listed: bytes) -> list[str]:
    return [each["name"] for each in json.loads(listed)]


def test_a_name_is_spliced_into_a_definition_that_is_otherwise_untouched() -> None:
    definition = b'{"description": "n\\u00fctzlich",  "inputSchema":{"type":"object"},"x":1e3}'
    of = table(upstream(), tool(definition=definition), tool("t2", name='q"uote'))
    listed = view(of).tools_list
    assert b'{"name":"u1-t1",' + definition[1:] in listed
    assert names(listed) == ['q"uote', "u1-t1"]


@pytest.mark.parametrize("definition", [b"{}", b" { } ", b'{ "a": 1 }\n'])
def test_definitions_with_white_space_or_nothing_in_them_give_valid_json(
    definition: bytes,
) -> None:
    of = table(upstream(), tool(definition=definition), tool("t2"))
    assert [each["name"] for each in json.loads(view(of).tools_list)] == ["u1-t1", "u1-t2"]


@given(st.lists(st.text(min_size=1, max_size=20), unique=True, max_size=10))
def test_lists_are_valid_json_in_order_of_their_names(offered: list[str]) -> None:
    of = table(upstream(), *(tool(f"t{n}", name=name) for n, name in enumerate(offered)))
    assert names(view(of).tools_list) == sorted(offered)
    assert sorted(view(of).tools) == sorted(offered)


def test_a_legacy_client_gets_no_output_schema_that_is_not_of_an_object() -> None:
    of = table(
        upstream(),
        tool("obj", definition=b'{"inputSchema":{},"outputSchema":{"type":"object"}}'),
        tool("arr", definition=b'{"inputSchema":{},"outputSchema":{"type":"array"}}'),
        tool("ref", definition=b'{"outputSchema":{"$ref":"#/x"},"inputSchema":{}}'),
    )
    listed = {each["name"]: each for each in json.loads(view(of).legacy_tools_list)}
    assert [name for name, each in listed.items() if "outputSchema" in each] == ["u1-obj"]
    assert all("inputSchema" in each for each in listed.values())
    assert all("outputSchema" in each for each in json.loads(view(of).tools_list))


@pytest.mark.parametrize(
    ("annotation", "listed"),
    [
        ('"Region"', True),
        ('"not a token"', False),
        ("7", False),
        ('"Region","default":1e400', True),
    ],
)
def test_a_tool_whose_mirrored_parameters_are_wrong_is_listed_to_legacy_clients_alone(
    annotation: str, listed: bool
) -> None:
    argument = b'{"type":"string","x-mcp-header":%b}' % annotation.encode()
    schema = b'{"inputSchema":{"type":"object","properties":{"a":%b}}}' % argument
    found = view(table(upstream(), tool(definition=schema), tool("t2")))
    assert names(found.tools_list) == (["u1-t1"] if listed else []) + ["u1-t2"]
    assert b'"u1-t1"' in found.legacy_tools_list
    assert b'"u1-t1"' in found.lists["task_tools"].json


def test_a_server_offers_its_members_and_only_those_visible_to_the_caller() -> None:
    of = table(
        upstream(),
        tool("a"),
        tool("b", access=Access("private", "", BOB.id)),
        tool("c", access=Access("team", "red")),
        tool("d"),
        server(tools=("a", "b", "c", "not there")),
    )
    assert sorted(view(of, ADMIN, "s1").tools) == ["u1-a", "u1-b", "u1-c"]
    assert sorted(view(of, ANN, "s1").tools) == ["u1-a", "u1-c"]
    assert sorted(view(of, BOB, "s1").tools) == ["u1-a", "u1-b"]
    assert sorted(view(of, BOB).tools) == ["u1-a", "u1-b", "u1-d"]
    assert view(of, BOB).tools.get("u1-c") is None


def test_a_server_that_is_not_there_or_not_visible_has_no_view() -> None:
    of = table(server(access=Access("private", "", BOB.id)))
    assert of.view(Subject(ADMIN), "another") is None
    assert of.view(Subject(ANN), "s1") is None
    assert of.view(Subject(BOB), "s1") is not None


def test_anonymous_callers_see_public_things_of_servers_that_admit_them() -> None:
    of = table(
        upstream(),
        tool("a"),
        tool("b", access=Access("team", "red")),
        server("open", tools=("a", "b"), anonymous_access=True),
        server("closed", tools=("a",)),
    )
    assert of.view(None, None) is None
    assert of.view(None, "closed") is None
    assert sorted(view(of, None, "open").tools) == ["u1-a"]


def test_original_names_are_offered_and_a_later_one_that_collides_keeps_its_prefixed_name() -> None:
    of = table(
        upstream("u1"),
        upstream("u2"),
        tool("a", "u1", name="u1-get", original_name="get"),
        tool("b", "u2", name="u2-get", original_name="get"),
        tool("c", "u2", name="other", original_name="u3-get"),
        tool("d", "u2", name="u3-get", original_name="get"),
        server(tools=("a", "b", "c", "d"), naming="original"),
    )
    offered = {name: each.id for name, each in view(of, ADMIN, "s1").tools.items()}
    assert offered == {"get": "a", "u2-get": "b", "u3-get": "c", "u3-get-2": "d"}


def test_resources_are_found_exactly_or_else_by_the_first_template_that_fits() -> None:
    of = table(
        upstream(),
        resource("r1", uri="memo://notes/motto"),
        resource("r2", uri="memo://notes/{id}", template=True),
        resource("r3", uri="memo://{+all}", template=True),
        server(resources=("r2", "r1")),
    )
    everything, some = view(of), view(of, ADMIN, "s1")
    for uri, in_all, in_server in (
        ("memo://notes/motto", "r1", "r1"),
        ("memo://notes/other", "r2", "r2"),
        ("memo://a/b", "r3", None),
        ("else://a", None, None),
    ):
        found = everything.resource(uri)
        assert (found.id if found else None) == in_all
        found = some.resource(uri)
        assert (found.id if found else None) == in_server
    assert json.loads(everything.resources_list) == [{"uri": "memo://notes/motto"}]
    assert [each["uriTemplate"] for each in json.loads(everything.templates_list)] == [
        "memo://notes/{id}",
        "memo://{+all}",
    ]


def test_of_two_resources_with_one_uri_the_first_visible_answers() -> None:
    of = table(
        upstream(),
        resource("a", uri="x://1", access=Access("private", "", BOB.id)),
        resource("b", uri="x://1"),
        server(resources=("b", "a")),
    )
    assert [view(of, who).resource("x://1").id for who in (BOB, ANN)] == ["a", "b"]  # type: ignore[union-attr]  # found
    assert view(of, BOB, "s1").resource("x://1").id == "b"  # type: ignore[union-attr]  # found


def test_capabilities_are_the_union_of_what_can_be_passed_on() -> None:
    of = table(
        upstream("u1", capabilities=b'{"tools":{"listChanged":true},"logging":{}}'),
        upstream("u2", capabilities=b'{"completions":{},"experimental":{"x":{}},"tasks":{}}'),
        tool("a", "u1"),
        prompt("p", "u2"),
        server(tools=("a",)),
    )
    assert json.loads(view(of).capabilities) == {
        "tools": {"listChanged": True},
        "prompts": {"listChanged": True},
        "completions": {},
        "logging": {},
    }
    assert json.loads(view(of, ADMIN, "s1").capabilities) == {
        "tools": {"listChanged": True},
        "logging": {},
    }
    assert json.loads(view(table()).capabilities) == {}


def test_resources_can_be_subscribed_where_one_of_the_upstreams_tells() -> None:
    of = table(
        upstream("u1", capabilities=b'{"resources":{"subscribe":true}}'),
        upstream("u2", capabilities=b'{"resources":{"subscribe":false}}'),
        resource("a", "u1"),
        resource("b", "u2"),
        server("s1", resources=("a", "b")),
        server("s2", resources=("b",)),
    )
    offered = [json.loads(view(of, ADMIN, id).capabilities)["resources"] for id in ("s1", "s2")]
    assert offered == [
        {"listChanged": True, "subscribe": True},
        {"listChanged": True, "subscribe": False},
    ]


def test_instructions_are_the_description_and_each_upstreams_once() -> None:
    of = table(
        upstream("u2", instructions="Be kind."),
        upstream("u1", instructions="Ask first."),
        upstream("u3", instructions="Be kind."),
        tool("a", "u1"),
        tool("b", "u2"),
        tool("c", "u3"),
        server(tools=("a", "b", "c"), description="All tools."),
    )
    assert view(of).instructions == "Ask first.\n\nBe kind."
    assert view(of, ADMIN, "s1").instructions == "All tools.\n\nAsk first.\n\nBe kind."


def test_principals_who_see_the_same_share_a_view_and_its_bytes() -> None:
    of = table(upstream(), tool("a", access=Access("private", "", BOB.id)))
    carl = Principal("carl@example.com", grants=HAS_USER_ROLE)
    assert view(of, carl) is view(of, Principal("dora@example.com", grants=HAS_USER_ROLE))
    assert view(of, carl) is not view(of, BOB)
    assert view(of, carl).lists["tools"] is view(of, carl).lists["tools"]
