"""Sets of rules: found by what they are about, in their order, and equal when they say the same."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.policy.access.permissions import USE
from mcpgateway.common.policy.access.permits import object_of
from mcpgateway.common.policy.access.rule_set import NO_RULES, RuleIndex, RuleSet
from mcpgateway.common.policy.access.rules import CompiledRule
from mcpgateway.common.routing.model import Rule, Server, Tool
from support.access import rules, things


@given(st.lists(rules("", "args.n > 1"), max_size=6), things)
def test_the_index_finds_what_trying_every_rule_finds(made: list[Rule], thing: Any) -> None:
    compiled = [CompiledRule(each) for each in {each.id: each for each in made}.values()]
    index = RuleIndex(compiled)
    action, of = USE[thing.kind], object_of(thing)
    expected = [each for each in compiled if each.concerns(action, of, "s1")]
    assert index.about(action, of, "s1") == expected
    assert index.first(action, of, "s1") == (expected[0] if expected else None)


def test_a_rule_that_names_an_upstream_is_found_for_the_upstream_too() -> None:
    spec = msgspec.json.encode({"actions": ["*"], "objects": {"upstreams": ["u1"]}})
    index = RuleIndex([CompiledRule(Rule("r", "r", "deny", spec))])
    assert index.first("tools.execute", object_of(Tool("t", "u1", "t", "t")), "") is not None
    assert index.first("servers.use", object_of(Server("s", "s")), "") is None


def test_sets_are_equal_when_their_rules_say_the_same() -> None:
    def made(spec: bytes) -> RuleSet:
        return RuleSet([CompiledRule(Rule("r", "r", "deny", spec))])

    text = b'{"actions":["*"]}'
    assert made(text) == made(text)
    assert hash(made(text)) == hash(made(text))
    assert made(text) != made(b'{"actions":["tools.read"]}')
    assert not NO_RULES
    assert made(text).changes_with(("x", "r"))
    assert not made(text).changes_with(("x",))
