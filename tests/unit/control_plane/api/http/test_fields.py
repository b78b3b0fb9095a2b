"""Reading members of a JSON object: any object gives values or named problems, never a crash."""

import re
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from mcpgateway.common.errors import InvalidCall
from mcpgateway.control_plane.api.http.fields import MAX_DEPTH, Fields, camel
from mcpgateway.control_plane.api.nouns.gateway_input import read_gateway
from mcpgateway.control_plane.api.nouns.server_input import read_server

NOW = datetime(2026, 11, 22, tzinfo=UTC)

GATEWAY = ["name", "url", "transport", "auth_type", "auth_token", "auth_headers", "tags"]
GATEWAY += ["passthrough_headers", "refresh_interval_seconds", "visibility", "oauthConfig"]
SERVER = ["id", "name", "associatedTools", "associated_prompts", "tags", "oauth_config", "naming"]
plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
json = st.recursive(
    plain, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


@given(st.dictionaries(st.sampled_from(GATEWAY), json), st.booleans())
def test_any_gateway_body_is_a_draft_or_named_problems(body: dict[str, Any], new: bool) -> None:
    try:
        read_gateway(body, new=new, now=NOW)
    except InvalidCall as error:
        fields = {re.split(r"[.[]", problem.field)[0] for problem in error.errors}
    else:
        fields = set()
    assert fields <= {*body, "name", "url", "team_id", *GATEWAY, "auth_username"} | {
        "auth_password",
        "auth_header_key",
        "auth_header_value",
    }


@given(st.dictionaries(st.sampled_from(SERVER), json), st.booleans())
def test_any_server_body_is_a_draft_or_named_problems(body: dict[str, Any], new: bool) -> None:
    try:
        read_server(body, new=new)
    except InvalidCall as error:
        fields = {problem.field.partition("[")[0] for problem in error.errors}
    else:
        fields = set()
    assert fields <= {*body, "name"}


def test_either_spelling_is_found_and_remembered() -> None:
    fields = Fields({"teamId": "a", "owner_email": "b"})
    assert (fields.text("team_id", 9), fields.text("owner_email", 9)) == ("a", "b")
    assert (fields.spelled("team_id"), fields.spelled("owner_email")) == ("teamId", "owner_email")
    assert (fields.spelled("not_there"), camel("a2a_agent_ids")) == ("not_there", "a2aAgentIds")


def test_null_says_nothing() -> None:
    fields = Fields({"a": None})
    assert fields.text("a", 9) is UNSET
    assert fields.boolean("a") is UNSET
    assert fields.problems == []


def test_a_filled_field_is_a_problem_only_when_it_is_missing_or_empty() -> None:
    for members, required, problems in (
        ({}, True, 1),
        ({}, False, 0),
        ({"a": " "}, False, 1),
        ({"a": "x"}, True, 0),
    ):
        fields = Fields(members)
        fields.filled("a", 9, required=required)
        assert len(fields.problems) == problems


def test_a_field_that_is_given_in_both_spellings_is_a_problem_once() -> None:
    fields = Fields({"team_id": "a", "teamId": "b"})
    fields.text("team_id", 9)
    fields.text("team_id", 9)
    assert [(each.field, each.rule) for each in fields.problems] == [("team_id", "twice")]
    assert Fields({"team_id": None, "teamId": "b"}).text("team_id", 9) == "b"


@given(st.dictionaries(st.text(), json))
def test_an_object_is_taken_unless_it_holds_nul_or_is_too_deep(value: dict[str, Any]) -> None:
    fields = Fields({"a": value})
    good = "\0" not in repr_of(value)
    assert (fields.mapping("a") is not UNSET) == good


def repr_of(value: Any) -> str:
    """All texts of it."""
    if isinstance(value, dict):
        return "".join(key + repr_of(member) for key, member in value.items())
    if isinstance(value, list):
        return "".join(map(repr_of, value))
    return value if isinstance(value, str) else ""


def test_the_problem_of_an_object_names_what_is_wrong() -> None:
    deep: dict[str, Any] = {}
    for _ in range(MAX_DEPTH):
        deep = {"a": deep}
    for value, problem in ((deep, "deep"), ({"a": ["\0"]}, "NUL"), ([], "must be an object")):
        fields = Fields({"config": value})
        assert fields.mapping("config") is UNSET
        assert problem in fields.problems[0].problem
