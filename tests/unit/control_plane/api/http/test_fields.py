"""Reading members of a JSON object: any object gives values or named problems, never a crash."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from mcpgateway.common.errors import InvalidCall
from mcpgateway.control_plane.api.http.fields import Fields, camel
from mcpgateway.control_plane.api.nouns.gateway_input import read_gateway
from mcpgateway.control_plane.api.nouns.server_input import read_server

NOW = datetime(2026, 11, 22, tzinfo=UTC)

GATEWAY = ["name", "url", "transport", "auth_type", "auth_token", "auth_headers", "tags"]
GATEWAY += ["passthrough_headers", "refresh_interval_seconds", "visibility", "oauthConfig"]
SERVER = ["id", "name", "associatedTools", "associated_prompts", "tags", "oauth_config", "naming"]
plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
json = st.recursive(plain, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


@given(st.dictionaries(st.sampled_from(GATEWAY), json), st.booleans())
def test_any_gateway_body_is_a_draft_or_named_problems(body: dict[str, Any], new: bool) -> None:
    try:
        read_gateway(body, new=new, now=NOW)
    except InvalidCall as error:
        fields = {problem.field.partition("[")[0] for problem in error.errors}
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
