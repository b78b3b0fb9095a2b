"""What a body says of a local command: what is understood, what is refused, by its field."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from mcpgateway.common import processes
from mcpgateway.common.errors import InvalidCall
from mcpgateway.control_plane.api.nouns.gateway_input import read_gateway
from mcpgateway.control_plane.api.nouns.shared_input import MASK
from mcpgateway.control_plane.registry.drafts import UpstreamDraft
from mcpgateway.control_plane.registry.transports import stdio

NOW = datetime(2026, 11, 22, tzinfo=UTC)
GOOD = {"name": "clock", "transport": "STDIO"}


def read(new: bool = True, **members: Any) -> UpstreamDraft:
    return read_gateway(GOOD | members, new=new, now=NOW)


def problems(**members: Any) -> set[str]:
    with pytest.raises(InvalidCall) as error:
        read(**members)
    return {problem.field for problem in error.value.errors}


def options(**members: Any) -> stdio.Stdio:
    said = read(**members).transport_options
    assert isinstance(said, dict)
    return stdio.read(said)


def test_a_command_is_enough() -> None:
    draft = read(command="uvx")
    assert draft.transport == "STDIO"
    assert draft.environment is None
    assert stdio.process(options(command="uvx")) == processes.Process("uvx")


@given(st.lists(st.text(st.characters(min_codepoint=32, codec="utf-8"), max_size=50), max_size=20))
def test_arguments_are_taken_as_they_are(args: list[str]) -> None:
    assert list(options(command="uvx", args=args).args) == args


def test_said_in_one_member_it_is_the_same() -> None:
    said: dict[str, Any] = {
        "command": "uvx",
        "args": ["a", "a", " b "],
        "env": {"KEY": "v"},
        "cwd": "/srv",
    }
    assert read(stdio=said) == read(**said)


def test_variables_are_a_credential_and_their_names_are_shown() -> None:
    draft = read(command="uvx", env={"KEY": "value", "OTHER": ""})
    assert draft.environment == (("KEY", "value"), ("OTHER", ""))
    assert isinstance(draft.transport_options, dict)
    assert draft.transport_options["env"] == ["KEY", "OTHER"]
    assert "value" not in str(draft.transport_options)


def test_variables_that_come_back_masked_stay_as_they_are() -> None:
    draft = read(new=False, command="uvx", env={"KEY": MASK})
    assert draft.environment is UNSET
    assert isinstance(draft.transport_options, dict)
    assert draft.transport_options["env"] == ["KEY"]


def test_a_change_of_something_else_says_nothing_of_the_command() -> None:
    draft = read_gateway({"description": "x"}, new=False, now=NOW)
    assert (draft.transport_options, draft.environment) == (UNSET, UNSET)


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({}, "command"),
        ({"command": ""}, "command"),
        ({"command": "-c"}, "command"),
        ({"command": "a\nb"}, "command"),
        ({"command": "x" * 5000}, "command"),
        ({"command": "uvx", "url": "http://a.example"}, "url"),
        ({"command": "uvx", "args": "a b"}, "args"),
        ({"command": "uvx", "args": [1]}, "args[0]"),
        ({"command": "uvx", "args": ["a\0"]}, "args[0]"),
        ({"command": "uvx", "args": ["x"] * (processes.MOST_ARGS + 1)}, "args"),
        ({"command": "uvx", "args": ["x" * 4000] * 4}, "args"),
        ({"command": "uvx", "cwd": "srv"}, "cwd"),
        ({"command": "uvx", "cwd": "/srv/../etc"}, "cwd"),
        ({"command": "uvx", "env": ["A=b"]}, "env"),
        ({"command": "uvx", "env": {"A-B": "c"}}, "env.A-B"),
        ({"command": "uvx", "env": {"A": 1}}, "env.A"),
        ({"command": "uvx", "env": {"A": "b", "C": MASK}}, "env.C"),
        ({"command": "uvx", "env": {"LD_PRELOAD": "/x.so"}}, "env.LD_PRELOAD"),
        ({"command": "uvx", "env": {name: "x" * 4096 for name in "ABC"}}, "env"),
        ({"stdio": {"command": "uvx", "instances": "many"}}, "stdio.instances"),
        ({"stdio": {"command": "uvx", "memory_mb": 1}}, "stdio.memory_mb"),
        ({"stdio": {"command": "uvx", "warm": "yes"}}, "stdio.warm"),
        ({"stdio": {"command": "uvx", "warm": True, "instances": "session"}}, "stdio.warm"),
        ({"stdio": {"args": []}}, "stdio.command"),
        ({"stdio": {"command": "uvx"}, "command": "uvx"}, "command"),
    ],
)
def test_what_can_not_be_meant_is_refused_by_its_field(members: Any, field: str) -> None:
    assert problems(**members) == {field}


def test_a_command_needs_its_transport_named() -> None:
    with pytest.raises(InvalidCall) as error:
        read_gateway({"name": "a", "command": "uvx", "url": "http://a/"}, new=True, now=NOW)
    assert {problem.field for problem in error.value.errors} == {"transport"}


def test_what_is_stored_has_its_defaults_and_is_read_as_it_was_written() -> None:
    said = options(command="uvx", env={"A": "b"})
    assert stdio.read(stdio.written(said)) == said
    assert stdio.written(said)["memory_mb"] == 1024
