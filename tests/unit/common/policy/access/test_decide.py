"""The one decision explains itself: by which step, which rule, and in which words."""

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from mcpgateway.common.policy.access.decide import Circumstances, decide
from mcpgateway.common.policy.access.permits import Place
from mcpgateway.common.policy.access.policy import Policy, compiled
from mcpgateway.common.policy.access.rules import NOTHING, Object
from mcpgateway.common.policy.access.scope import Scope
from mcpgateway.common.policy.access.subject import NOBODY, Subject
from mcpgateway.common.routing.model import Access, Principal, Role, Rule
from support.registries import ADMIN, ANN, BOB, USER_ROLE

DEVELOPER = Role("dev", "developer", ("tools.update",), "user")
TEAM = Principal("tom@example.com", teams=("red",), grants=b'[["dev","team","red"]]')
BARE = Principal("eve@example.com")
TOOL = Object("tool", "t1", "files-read", Access("public", "red", ANN.id))
HIDDEN = replace(TOOL, access=Access("private", "", ANN.id))


def policy(*rules: tuple[str, Any, dict[str, Any]]) -> Policy:
    made = [
        Rule(str(n), name, effect, msgspec.json.encode({"actions": ["*"], **spec}))
        for n, (name, effect, spec) in enumerate(rules)
    ]
    return compiled(
        {each.id: each for each in (USER_ROLE, DEVELOPER)}, {each.id: each for each in made}
    )


@pytest.mark.parametrize(
    ("subject", "action", "thing", "said"),
    [
        (Subject(ADMIN), "tools.delete", TOOL, "+ admin@example.com is an administrator"),
        (
            Subject(BOB),
            "tools.execute",
            TOOL,
            "+ role 'platform_viewer', which bob@example.com has everywhere, has tools.execute",
        ),
        (
            Subject(TEAM),
            "tools.execute",
            TOOL,
            "+ role 'developer', which tom@example.com has in team 'red', has tools.execute",
        ),
        (Subject(ANN), "tools.delete", TOOL, "+ ann@example.com owns tool 'files-read'"),
        (
            Subject(BOB),
            "tools.delete",
            TOOL,
            "- no role of bob@example.com has tools.delete here, and no rule allows it",
        ),
        (
            Subject(BOB),
            "tools.execute",
            HIDDEN,
            "- tool 'files-read' is not visible to bob@example.com",
        ),
        (
            NOBODY,
            "admin.events",
            NOTHING,
            "- no role of an anonymous caller has admin.events here, and no rule allows it",
        ),
        (
            Subject(ADMIN, Scope(permissions=("tools.read",))),
            "tools.execute",
            TOOL,
            "- the token leaves of permissions tools.read, and tools.execute is not among them",
        ),
        (
            Subject(ADMIN, Scope(server="s1")),
            "tools.execute",
            TOOL,
            "- the token is for the server 's1' alone",
        ),
        (
            Subject(ADMIN, Scope(teams=())),
            "tools.execute",
            HIDDEN,
            "- tool 'files-read' is not visible to admin@example.com",
        ),
    ],
)
def test_a_decision_says_by_what(subject: Subject, action: str, thing: Object, said: str) -> None:
    found = decide(policy(), subject, action, thing)
    assert f"{'+' if found.allowed else '-'} {found.reason}" == said


CALL = Circumstances(args={"n": 7}, time=0.0, source="10.0.0.1")


@pytest.mark.parametrize(
    ("rules", "said", "rule"),
    [
        ([("stop", "deny", {})], "- rule 'stop' denies it", "0"),
        ([("go", "allow", {})], "+ rule 'go' allows it", "0"),
        ([("go", "allow", {}), ("stop", "deny", {})], "- rule 'stop' denies it", "1"),
        (
            [("few", "deny", {"condition": "args.n > 9"}), ("go", "allow", {})],
            "+ rule 'go' allows it",
            "1",
        ),
        (
            [("many", "deny", {"condition": "args.n > 5"}), ("go", "allow", {})],
            "- rule 'many' denies it",
            "0",
        ),
        ([("many", "allow", {"condition": "args.n > 5"})], "+ rule 'many' allows it", "0"),
        (
            [("few", "allow", {"condition": "args.n > 9"})],
            "- no role of eve@example.com has tools.execute here, and no rule allows it",
            "",
        ),
        (
            [("odd", "deny", {"condition": "args.m > 9"}), ("go", "allow", {})],
            "- rule 'odd' denies it: its condition can not be evaluated here",
            "0",
        ),
        (
            [("newer", "deny", {"condition": "args.("})],
            "- rule 'newer' denies it; a part of it is not understood here",
            "0",
        ),
    ],
)
def test_rules_decide_in_their_order(rules: list[Any], said: str, rule: str) -> None:
    found = decide(policy(*rules), Subject(BARE), "tools.execute", TOOL, CALL)
    assert (f"{'+' if found.allowed else '-'} {found.reason}", found.rule) == (said, rule)


def test_rules_that_deny_hold_for_administrators_too() -> None:
    found = decide(policy(("stop", "deny", {})), Subject(ADMIN), "tools.execute", TOOL)
    assert (found.allowed, found.by, found.rule) == (False, "deny", "0")


def test_no_rule_allows_what_is_not_seen() -> None:
    found = decide(policy(("go", "allow", {})), Subject(BOB), "tools.execute", HIDDEN)
    assert (found.allowed, found.by) == (False, "visibility")


def test_a_condition_that_reads_what_is_not_known_counts_against_the_caller() -> None:
    of = policy(("net", "deny", {"condition": "in_network(source, '10.0.0.0/8')"}))
    assert not decide(of, Subject(ADMIN), "tools.execute", TOOL).allowed
    assert not decide(of, Subject(ADMIN), "tools.execute", TOOL, CALL).allowed
    elsewhere = replace(CALL, source="192.0.2.1")
    assert decide(of, Subject(ADMIN), "tools.execute", TOOL, elsewhere).allowed


def test_what_is_public_at_an_open_server_may_be_used_by_everybody() -> None:
    found = decide(policy(), NOBODY, "tools.execute", TOOL, Circumstances(Place("s1", open=True)))
    assert found.reason == "the server is open to everybody, and tool 'files-read' is public"
    assert found.allowed


def test_a_token_of_one_server_may_use_that_server() -> None:
    scope = Scope(server="s1", permissions=("tools.execute",))
    for id, may in (("s1", True), ("s2", False)):
        thing = Object("server", id, id)
        assert decide(policy(), Subject(ADMIN, scope), "servers.use", thing).allowed is may
