"""Classes of callers: who shares one, and what a change of roles and rules costs."""

from typing import Any

import msgspec
from msgspec.structs import replace

from mcpgateway.common.policy.access.policy import USE, Policies, Policy, compiled, rights
from mcpgateway.common.policy.access.scope import Scope
from mcpgateway.common.policy.access.subject import NOBODY, Subject
from mcpgateway.common.routing.model import Principal, Role, Rule
from support.registries import ADMIN, ANN, BOB, USER_ROLE

VIEWER = Role("viewer", "viewer", ("tools.execute",))


def policy(*rules: Rule, roles: tuple[Role, ...] = (USER_ROLE, VIEWER)) -> Policy:
    return compiled({each.id: each for each in roles}, {each.id: each for each in rules})


def rule(id: str, effect: Any = "deny", **spec: Any) -> Rule:
    return Rule(id, id, effect, msgspec.json.encode({"actions": ["*"], **spec}))


def test_who_may_use_everything_visible_shares_a_class_with_all_who_see_the_same() -> None:
    other = replace(BOB, id="carl@example.com")
    classes = {rights(policy(), Subject(who), owns_private=False) for who in (BOB, other)}
    assert len(classes) == 1


def test_who_has_no_role_everywhere_is_of_a_class_with_what_he_owns() -> None:
    bare = Principal("eve@example.com")
    assert rights(policy(), Subject(bare), owns_private=False).owner == bare.id
    assert rights(policy(), Subject(BOB), owns_private=False).owner == ""


def test_a_role_of_a_team_counts_for_that_team_and_while_the_token_leaves_it() -> None:
    ann = replace(ANN, grants=b'[["viewer","team","red"]]')
    assert rights(policy(), Subject(ann)).teams == {("red", "tools.execute")}
    assert rights(policy(), Subject(ann, Scope(teams=("blue",)))).teams == set()


def test_a_role_that_expired_counts_no_more() -> None:
    ann = replace(ANN, grants=b'[["viewer","global","",5.0]]')
    assert rights(policy(), Subject(ann, at=4.0)).everywhere == {"tools.execute"}
    assert rights(policy(), Subject(ann, at=5.0)).everywhere == set()
    assert rights(policy(), Subject(ann)).everywhere == set()


def test_administrators_have_what_their_token_leaves() -> None:
    assert rights(policy(), Subject(ADMIN)).everywhere == USE
    assert rights(policy(), Subject(ADMIN)).sees_all
    narrow = rights(policy(), Subject(ADMIN, Scope(permissions=("tools.execute",))))
    assert narrow.everywhere == {"tools.execute"}
    assert not narrow.sees_all


def test_a_token_of_one_server_leaves_the_use_of_it() -> None:
    scope = Scope(permissions=("tools.execute",), server="s1")
    assert rights(policy(), Subject(ADMIN, scope)).left == {"tools.execute", "servers.use"}


def test_static_conditions_are_decided_for_the_caller_and_late_ones_are_left() -> None:
    of = policy(
        rule("met", condition="principal.id == 'ann@example.com'"),
        rule("unmet", condition="principal.admin"),
        rule("late", condition="args.n > 1"),
        rule("broken", condition="claims.nothing == 1"),
        rule("useless", "allow", condition="claims.nothing == 1"),
        rule("role", condition="'platform_viewer' in principal.roles"),
    )
    assert {each.id for each in of.about(Subject(ANN))} == {"met", "late", "broken", "role"}
    claims = b'{"nothing":1}'
    assert "useless" in {each.id for each in of.about(Subject(ANN, claims=claims))}


def test_rules_about_other_acts_make_no_class_of_their_own() -> None:
    of = policy(rule("x", actions=["tools.delete"]))
    assert rights(of, Subject(ANN)) == rights(policy(), Subject(ANN))
    assert [each.id for each in rights(of, Subject(ANN), acts=frozenset(("tools.delete",))).rules]


def test_nobody_holds_nothing_and_is_of_one_class_with_who_is_not_active() -> None:
    gone = Subject(replace(ADMIN, active=False))
    assert rights(policy(), NOBODY).everywhere == set()
    assert rights(policy(), gone) == rights(policy(), NOBODY)


def test_only_what_changed_is_compiled_again() -> None:
    policies, roles = Policies(), {USER_ROLE.id: USER_ROLE}
    one, two = rule("1"), rule("2", condition="args.n > 1")
    rules = {"1": one, "2": two}
    first = policies.of(roles, rules)
    assert policies.of(roles, rules) is first
    second = policies.of(roles, {"1": rule("1", "allow"), "2": two})
    kept = {each.id: each for each in first.rules}, {each.id: each for each in second.rules}
    assert kept[0]["2"] is kept[1]["2"]
    assert kept[0]["1"] != kept[1]["1"]
