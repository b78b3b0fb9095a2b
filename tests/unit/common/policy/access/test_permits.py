"""What lists show is what calls allow: over random registries, roles, rules, callers and scopes."""

from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from mcpgateway.common.policy.access.decide import Circumstances, Decision, decide
from mcpgateway.common.policy.access.permissions import USE
from mcpgateway.common.policy.access.permits import Permits, Place, Used, object_of, place_of
from mcpgateway.common.policy.access.policy import Rights
from mcpgateway.common.policy.access.scope import EVERYTHING
from mcpgateway.common.policy.access.subject import NOBODY, Subject
from mcpgateway.common.policy.visibility import Viewer
from mcpgateway.common.routing.build import build
from mcpgateway.common.routing.model import Access, Record, Rule, Server
from mcpgateway.common.routing.table import Table
from support.access import STATIC, principals, roles, rules, scopes, subjects, things
from support.registries import ANN, REGISTRY, prompt, server, tool, upstream

LATE = ("args.n > 1", "source == '10.0.0.1'")
registries = st.builds(
    lambda *parts: build(REGISTRY, 1, [upstream(), *(each for part in parts for each in part)]),
    st.lists(things, max_size=10),
    st.lists(roles, max_size=3),
)
CALL = Circumstances(args={"n": 2}, source="10.0.0.2", time=0.0)


def with_rules(table: Table, made: list[Rule]) -> Table:
    records: list[Record] = [each for of in table.by_kind().values() for each in of.values()]
    return build(REGISTRY, 1, [*records, *made])


def decided(table: Table, subject: Subject, thing: Used, at: Server | None) -> Decision:
    place = place_of(at)
    circumstances = replace(CALL, place=place)
    return decide(table.policy, subject, USE[thing.kind], object_of(thing), circumstances)


def members(table: Table, at: Server | None) -> Iterator[Used]:
    everything: tuple[Used, ...] = (
        *table.tools.values(),
        *table.prompts.values(),
        *table.resources.values(),
    )
    named = {"tool": at.tools, "prompt": at.prompts, "resource": at.resources} if at else {}
    yield from (each for each in everything if at is None or each.id in named[each.kind])


def offered(table: Table, subject: Subject, at: Server | None) -> set[tuple[str, str]]:
    view = table.view(subject, None if at is None else at.id)
    if view is None:
        return set()
    by_name: tuple[Used, ...] = (
        *view.tools.values(),
        *view.prompts.values(),
        *view.resources.values(),
    )
    return {(each.kind, each.id) for each in by_name}


def allowed(table: Table, subject: Subject, at: Server | None) -> set[tuple[str, str]]:
    if at is None and subject.principal is None:
        return set()
    if at is not None:
        strange = subject.principal is None and not at.anonymous_access
        if strange or not decided(table, subject, at, at).allowed:
            return set()
    return {
        (each.kind, each.id)
        for each in members(table, at)
        if decided(table, subject, each, at).allowed
    }


@settings(max_examples=300)
@given(registries, st.lists(rules(*STATIC), max_size=3), subjects)
def test_lists_show_what_calls_allow(table: Table, made: list[Rule], subject: Subject) -> None:
    table = with_rules(table, made)
    for at in (None, *table.servers.values()):
        assert offered(table, subject, at) == allowed(table, subject, at)


@settings(max_examples=200)
@given(registries, st.lists(rules(*STATIC, *LATE), max_size=3), subjects)
def test_what_a_call_allows_is_shown_whatever_else_it_depends_on(
    table: Table, made: list[Rule], subject: Subject
) -> None:
    table = with_rules(table, made)
    for at in (None, *table.servers.values()):
        assert allowed(table, subject, at) <= offered(table, subject, at)


@settings(max_examples=200)
@given(registries, st.lists(rules(*STATIC, *LATE), max_size=3), principals, scopes)
def test_a_scope_only_narrows(table: Table, made: list[Rule], who: object, scope: object) -> None:
    table = with_rules(table, made)
    narrow = Subject(who, scope)  # type: ignore[arg-type]  # hypothesis' objects
    for at in (None, *table.servers.values()):
        assert allowed(table, narrow, at) <= allowed(table, replace(narrow, scope=EVERYTHING), at)
        assert offered(table, narrow, at) <= offered(table, replace(narrow, scope=EVERYTHING), at)


@settings(max_examples=200)
@given(registries, st.lists(rules(*STATIC, *LATE), max_size=3), rules("", "claims.x"), subjects)
def test_one_more_rule_that_denies_only_takes_away_and_wins(
    table: Table, made: list[Rule], more: Rule, subject: Subject
) -> None:
    denies = replace(more, id="9", effect="deny")
    before, after = with_rules(table, made), with_rules(table, [*made, denies])
    about = after.policy.about(subject)
    for at in (None, *after.servers.values()):
        assert allowed(after, subject, at) <= allowed(before, subject, at)
        for each in members(after, at):
            action, place = USE[each.kind], place_of(at)
            for rule in about:
                if rule.id == "9" and rule.concerns(action, object_of(each), place.server):
                    assert not decided(after, subject, each, at).allowed


@given(registries, st.lists(rules(*STATIC, *LATE), max_size=3), subjects)
def test_nothing_that_is_not_seen_can_be_used(
    table: Table, made: list[Rule], subject: Subject
) -> None:
    table = with_rules(table, made)
    who = table.rights(subject).who
    for each in members(table, None):
        if decided(table, subject, each, None).allowed:
            access = each.access
            own = access.visibility == "private" and access.owner == subject.id
            team = access.visibility == "team" and access.team in who.teams
            assert who.admin or access.visibility == "public" or own or team


def test_an_open_server_lets_everybody_use_what_is_public_there() -> None:
    permits = Permits(Rights(Viewer(), frozenset(USE.values()), frozenset()))
    public, theirs = tool(), tool(access=Access("team", "red"))
    assert permits.may_use(public, Place("s1", open=True))
    assert not permits.may_use(theirs, Place("s1", open=True))
    assert not permits.may_use(public, Place("s1"))


def test_an_upstream_is_shown_to_whom_something_of_it_may_be() -> None:
    everything = frozenset(USE.values())
    assert Permits(Rights(Viewer(), everything, everything)).may_use_of(upstream())
    assert not Permits(Rights(Viewer(), everything, frozenset())).may_use_of(upstream())
    hidden = upstream(access=Access("team", "red"))
    assert not Permits(Rights(Viewer(), everything, everything)).may_use_of(hidden)


def test_who_owns_a_thing_may_use_it_without_any_role() -> None:
    bare = replace(ANN, grants=b"[]")
    own, others = (tool(id, access=Access(owner=who)) for id, who in (("1", ANN.id), ("2", "x")))
    table = build(REGISTRY, 1, (bare, upstream(), own, others, prompt(), server()))
    assert offered(table, Subject(bare), None) == {("tool", "1")}
    assert table.view(Subject(bare), "s1") is None
    assert table.view(NOBODY, "s1") is None
