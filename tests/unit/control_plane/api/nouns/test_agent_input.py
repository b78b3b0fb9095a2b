"""Bodies of /a2a: what is understood and what is refused."""

from typing import Any

import pytest
from msgspec import UNSET

from mcpgateway.common.errors import InvalidCall
from mcpgateway.control_plane.api.nouns.agent_input import read_agent
from mcpgateway.control_plane.registry.drafts import AgentDraft, NewAuth

GOOD = {"name": "a", "endpoint_url": "https://a.example/a2a"}


def read(new: bool = True, **members: Any) -> AgentDraft:
    return read_agent(GOOD | members, new=new)


def refused(**members: Any) -> list[tuple[str, str]]:
    """Fields and rules."""
    with pytest.raises(InvalidCall) as error:
        read(**members)
    return [(problem.field, problem.rule) for problem in error.value.errors]


def test_a_name_and_an_endpoint_are_enough_and_a_change_needs_neither() -> None:
    assert read() == AgentDraft(name="a", endpoint_url="https://a.example/a2a")
    assert read_agent({}, new=False) == AgentDraft()


def test_wrapped_bare_and_in_camel_case_mean_the_same() -> None:
    said = {"agentType": "custom", "passthroughHeaders": ["X-A"], "endpointUrl": "http://b/"}
    bare = read_agent({"name": "a", **said}, new=True)
    assert read_agent({"agent": {"name": "a", **said}}, new=True) == bare
    assert (bare.agent_type, bare.passthrough_headers) == ("custom", ("X-A",))
    assert bare.endpoint_url == "http://b/"


@pytest.mark.parametrize(
    ("members", "meant"),
    [
        ({"version": "1.2"}, "1.2"),
        ({"agentVersion": "1.2", "version": "9"}, "1.2"),
        ({"version": 3}, UNSET),
        ({"agent_version": "1.2", "version": 3}, "1.2"),
    ],
)
def test_a_version_is_the_agents_unless_it_counts_edits(
    members: dict[str, Any], meant: object
) -> None:
    assert read(**members).agent_version == meant


@pytest.mark.parametrize(
    ("members", "field", "rule"),
    [
        ({"name": None}, "name", "missing"),
        ({"name": ""}, "name", "string"),
        ({"name": "x" * 256}, "name", "string"),
        ({"endpoint_url": "a.example"}, "endpoint_url", "url"),
        ({"endpoint_url": None}, "endpoint_url", "missing"),
        ({"slug": 1}, "slug", "string"),
        ({"agentType": " "}, "agentType", "string"),
        ({"protocol_version": "x" * 65}, "protocol_version", "string"),
        ({"version": True}, "version", "string"),
        ({"capabilities": []}, "capabilities", "object"),
        ({"config": {"a": "x" * 65536}}, "config", "size"),
        ({"passthrough_headers": ["Cookie"]}, "passthrough_headers", "header"),
        ({"generateUaid": True}, "generateUaid", "unsupported"),
        ({"oauth_config": {"a": 1}}, "oauth_config", "unsupported"),
        ({"auth_query_param_key": "k"}, "auth_query_param_key", "unsupported"),
        ({"auth_type": "bearer"}, "auth_token", "missing"),
        ({"authType": "bearer", "authToken": "*****"}, "authToken", "masked"),
        ({"visibility": "team"}, "team_id", "missing"),
        ({"description": "x" * 8193}, "description", "string"),
    ],
)
def test_a_refusal_names_the_field_as_it_was_spelled(
    members: dict[str, Any], field: str, rule: str
) -> None:
    assert refused(**members) == [(field, rule)]


def test_all_that_is_wrong_is_told_at_once() -> None:
    found = refused(name="", endpoint_url="ftp://x", config=1, auth_type="digest")
    assert {field for field, _ in found} == {"name", "endpoint_url", "config", "auth_type"}


def test_a_secret_becomes_a_header_and_sent_back_masked_stays() -> None:
    auth = read(auth_type="bearer", auth_token="t").auth
    assert isinstance(auth, NewAuth)
    assert auth.headers == (("Authorization", "Bearer t"),)
    assert read(False, authType="bearer", authToken="*****").auth is UNSET
    assert read(False, authType="none").auth is None
