"""Rules: what one is about, and every problem of one that somebody wrote."""

import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.policy.access.rules import (
    LIST_LIMIT,
    CompiledRule,
    Object,
    Spec,
    problems,
)
from mcpgateway.common.policy.access.subject import NOBODY, Subject
from mcpgateway.common.routing.model import Rule
from support.registries import ANN, BOB

TOOL = Object("tool", "t1", "files-read", tags=("disk", "read"), upstream="u1")


def rule(effect: Any = "deny", **spec: Any) -> CompiledRule:
    return CompiledRule(
        Rule("r", "a rule", effect, msgspec.json.encode({"actions": ["*"], **spec}))
    )


@pytest.mark.parametrize(
    ("objects", "concerned"),
    [
        ({}, True),
        ({"kinds": ["tool"]}, True),
        ({"kinds": ["prompt"]}, False),
        ({"ids": ["t1", "t2"]}, True),
        ({"names": ["files-*"]}, True),
        ({"names": ["*-write", "files-read"]}, True),
        ({"names": ["files"]}, False),
        ({"tags": ["disk"]}, True),
        ({"tags": ["net"]}, False),
        ({"upstreams": ["u1"]}, True),
        ({"servers": ["s1"]}, True),
        ({"servers": ["s2"]}, False),
        ({"names": ["files-*"], "tags": ["net"]}, False),
    ],
)
def test_a_rule_concerns_what_fits_each_of_its_lists(
    objects: dict[str, Any], concerned: bool
) -> None:
    assert rule(objects=objects).concerns("tools.execute", TOOL, "s1") is concerned


def test_a_rule_about_a_server_or_an_upstream_concerns_that_itself() -> None:
    about = rule(objects={"servers": ["s1"]})
    assert about.concerns("servers.use", Object("server", "s1"), "")
    about = rule(objects={"upstreams": ["u1"]})
    assert about.concerns("gateways.read", Object("upstream", "u1"), "")


def test_a_rule_is_about_whoever_is_named_or_in_a_team_or_has_a_role() -> None:
    ann, bob = Subject(ANN), Subject(BOB)
    assert rule().is_about(NOBODY, ())
    assert rule(subjects={"principals": [ANN.id]}).is_about(ann, ())
    assert rule(subjects={"principals": [BOB.id], "teams": ["red"]}).is_about(ann, ())
    assert rule(subjects={"roles": ["viewer"]}).is_about(bob, ("viewer",))
    assert not rule(subjects={"roles": ["viewer"]}).is_about(bob, ())
    assert not rule(subjects={"teams": ["red"]}).is_about(NOBODY, ())


@given(st.text("ab*", max_size=8), st.text("ab", max_size=12))
def test_a_star_stands_for_any_text(pattern: str, name: str) -> None:
    fits = re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name) is not None
    about = rule(objects={"names": [pattern]})
    assert about.concerns("tools.execute", Object("tool", name=name), "") is fits


def test_what_is_not_understood_limits_no_denial_and_allows_nothing() -> None:
    for spec in ({"condition": "principal.nonsense("}, {"actions": 3}):
        assert rule("deny", **spec).concerns("tools.execute", TOOL, "")
        assert rule("allow", **spec).never
    newer = {"objects": {"kinds": ["tool"], "moons": ["full"]}}
    assert rule("deny", **newer).concerns("tools.execute", TOOL, "")
    assert not rule("deny", **newer).concerns("tools.execute", Object("prompt"), "")
    assert rule("allow", **newer).never


@pytest.mark.parametrize(
    ("spec", "field", "problem"),
    [
        ({}, "", "Object missing required field `actions`"),
        ({"actions": []}, "actions", "names nothing"),
        ({"actions": ["tools.run"]}, "actions", "'tools.run' is no permission"),
        ({"actions": ["*"], "objects": {"kinds": ["moon"]}}, "objects.kinds", "'moon' is none of"),
        ({"actions": ["*"], "objects": {"moons": []}}, "objects.moons", "there is no such member"),
        ({"actions": ["*"], "conditions": "true"}, "conditions", "there is no such member"),
        ({"actions": ["*"], "condition": "args."}, "condition", "is no CEL expression"),
        ({"actions": ["*"], "subjects": {"teams": [""]}}, "subjects.teams", "has a member that is"),
        ({"actions": ["*"], "subjects": {"teams": "red"}}, "subjects.teams", "Expected `array`"),
        (
            {"actions": ["*"], "objects": {"ids": ["x"] * (LIST_LIMIT + 1)}},
            "objects.ids",
            "has 201 members, at most 200",
        ),
    ],
)
def test_each_problem_of_a_spec_names_its_field(
    spec: dict[str, Any], field: str, problem: str
) -> None:
    (found,) = problems(spec)
    assert found.field == field
    assert found.problem.startswith(problem)


def test_a_spec_without_a_problem_is_read_as_it_is_written() -> None:
    spec = {"actions": ["tools.execute"], "condition": "args.n > 1", "objects": {"tags": ["x"]}}
    assert problems(spec) == []
    assert msgspec.to_builtins(msgspec.convert(spec, Spec)) == spec | {
        "actions": ("tools.execute",),
        "objects": {"tags": ("x",)},
    }


def test_rules_are_equal_when_they_say_the_same() -> None:
    assert rule() == rule()
    assert hash(rule()) == hash(rule())
    assert rule() != rule("allow")
    assert rule() != rule(condition="true")
