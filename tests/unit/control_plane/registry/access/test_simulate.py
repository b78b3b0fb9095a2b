"""What a change of a rule would do is what deciding again says, and nothing is guessed."""

from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.policy.access.decide import Circumstances, decide
from mcpgateway.common.policy.access.permits import Place
from mcpgateway.common.policy.access.policy import Policy
from mcpgateway.common.policy.access.rules import Object
from mcpgateway.common.policy.access.subject import Subject
from mcpgateway.common.routing.model import Principal
from mcpgateway.control_plane.registry.access.callers import policy_of
from mcpgateway.control_plane.registry.access.decisions import Decided, Verdict
from mcpgateway.control_plane.registry.access.simulate import Trial
from mcpgateway.control_plane.registry.people.model import AccessRule, Effect, Role

AT = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
VIEWER = Role(
    id="r", name="user", scope="global", permissions=("tools.execute",), created_by="x",
    created_at=AT, updated_at=AT,
)  # fmt: skip
SUBJECTS = {
    "ann": Subject(Principal("ann", grants=b'[["r","global","",null]]')),
    "bob": Subject(Principal("bob")),
}
THINGS = {name: Object("tool", name, name) for name in ("add", "delete")}


def rule(effect: Effect, name: str, condition: str = "") -> AccessRule:
    spec = {"actions": ["tools.execute"], "objects": {"names": [name]}, "condition": condition}
    return AccessRule(
        id=f"{effect}-{name}", name=name, effect=effect, spec=spec, created_by="x",
        created_at=AT, updated_at=AT,
    )  # fmt: skip


def entry(who: str, thing: str, verdict: Verdict, source: str = "") -> Decided:
    return Decided(
        minute=AT, principal=who, action="tools.execute", verdict=verdict, kind="tool",
        id=thing, name=thing, source=source,
    )  # fmt: skip


def verdict(policy: Policy, who: str, thing: str) -> Verdict:
    known = Circumstances(Place(), time=AT.timestamp())
    decided = decide(policy, SUBJECTS[who], "tools.execute", THINGS[thing], known)
    return "allow" if decided.allowed else "deny"


RULES = st.lists(
    st.builds(rule, st.sampled_from(("allow", "deny")), st.sampled_from(("add", "delete", "*"))),
    unique_by=lambda each: each.id,
    max_size=3,
)


@given(RULES, RULES)
def test_a_change_is_told_exactly_where_the_two_policies_differ(
    before: list[AccessRule], after: list[AccessRule]
) -> None:
    old, new = policy_of([VIEWER], before), policy_of([VIEWER], after)
    trial, expected = Trial(old, new), set()
    for who in SUBJECTS:
        for thing in THINGS:
            was = verdict(old, who, thing)
            trial.look(entry(who, thing, was), SUBJECTS[who], THINGS[thing])
            if verdict(new, who, thing) != was:
                expected.add((who, thing))
    told = trial.outcome(more=False)
    assert {(each.logged.principal, each.logged.id) for each in told.changes} == expected
    assert (told.untold, told.drifted, told.gone) == ([], 0, 0)


def test_what_is_decided_otherwise_today_is_counted_and_not_told() -> None:
    policy = policy_of([VIEWER], [])
    trial = Trial(policy, policy_of([VIEWER], [rule("deny", "add")]))
    trial.look(entry("ann", "add", "deny"), SUBJECTS["ann"], THINGS["add"])
    assert trial.outcome(more=False).drifted == 1


def test_what_is_gone_is_counted() -> None:
    policy = policy_of([VIEWER], [])
    trial = Trial(policy, policy)
    trial.look(entry("ann", "add", "allow"), None, THINGS["add"])
    trial.look(entry("ann", "add", "allow"), SUBJECTS["ann"], None)
    assert trial.outcome(more=False).gone == 2


def test_a_condition_on_what_the_log_has_is_decided_and_on_what_it_has_not_is_said() -> None:
    policy = policy_of([VIEWER], [])
    for condition, source, reads in (
        ("time.getHours() < 6", "", ()),
        ('in_network(source, "10.0.0.0/8")', "10.1.2.3", ()),
        ('in_network(source, "10.0.0.0/8")', "", ("source",)),
        ("args.all && claims.x == 1", "10.1.2.3", ("args", "claims")),
    ):
        trial = Trial(policy, policy_of([VIEWER], [rule("deny", "add", condition)]))
        trial.look(entry("ann", "add", "allow", source), SUBJECTS["ann"], THINGS["add"])
        told = trial.outcome(more=False)
        assert [each.reads for each in told.untold] == ([reads] if reads else []), condition
        assert len(told.changes) == (0 if reads else 1), condition


def test_a_rule_that_stays_the_same_asks_for_nothing() -> None:
    same = rule("deny", "add", "args.all")
    other = msgspec.structs.replace(rule("deny", "delete"), id="other")
    policy = policy_of([VIEWER], [same])
    trial = Trial(policy, policy_of([VIEWER], [same, other], policy))
    trial.look(entry("ann", "add", "deny"), SUBJECTS["ann"], THINGS["add"])
    assert trial.outcome(more=False).untold == []


def test_a_rule_that_let_a_call_through_lets_it_through_again() -> None:
    same, other = rule("deny", "add", "args.all"), rule("deny", "*")
    before = policy_of([VIEWER], [same])
    trial = Trial(before, policy_of([VIEWER], [same, other], before), {same.id: AT})
    trial.look(entry("ann", "add", "allow"), SUBJECTS["ann"], THINGS["add"])
    told = trial.outcome(more=False)
    assert [each.then.allowed for each in told.changes] == [False]
    assert (told.drifted, told.untold) == (0, [])


def test_a_rule_that_is_newer_than_a_call_leaves_untold_how_it_would_have_come_out() -> None:
    same, other = rule("deny", "add", "args.all"), rule("deny", "*")
    before = policy_of([VIEWER], [same])
    later = {same.id: AT + timedelta(minutes=1)}
    trial = Trial(before, policy_of([VIEWER], [same, other], before), later)
    trial.look(entry("ann", "add", "allow"), SUBJECTS["ann"], THINGS["add"])
    told = trial.outcome(more=False)
    assert [each.reads for each in told.untold] == [("args",)]
    assert (told.drifted, told.changes) == (0, [])


def test_without_the_rule_that_denied_it_is_untold_whether_another_would_have() -> None:
    asks, goes = rule("deny", "add", "args.all"), rule("deny", "*")
    before = policy_of([VIEWER], [asks, goes])
    trial = Trial(before, policy_of([VIEWER], [asks], before))
    denied = msgspec.structs.replace(entry("ann", "add", "deny"), rule=goes.id)
    trial.look(denied, SUBJECTS["ann"], THINGS["add"])
    assert [each.reads for each in trial.outcome(more=False).untold] == [("args",)]
