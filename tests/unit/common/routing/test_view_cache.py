"""Which views are kept: as many as there is room for, and none of a class that has ended."""

from mcpgateway.common.policy.access.subject import Subject
from mcpgateway.common.routing.build import build
from mcpgateway.common.routing.delta import apply
from mcpgateway.common.routing.model import Delta, Principal, Record, Role, Rule
from mcpgateway.common.routing.table import Table
from mcpgateway.common.routing.view import View
from mcpgateway.common.routing.view_cache import ViewCache
from support.registries import ADMIN, ANN, BOB, REGISTRY, USER_ROLE, server, tool, upstream

DENY_ANN = (
    b'{"actions":["*"],"subjects":{"principals":["ann@example.com"]},"objects":{"ids":["%b"]}}'
)


def view(of: Table, who: Principal = ADMIN, server_id: str | None = None) -> View:
    found = of.view(Subject(who), server_id)
    assert found is not None
    return found


def after(table: Table, *records: Record) -> Table:
    return apply(table, Delta(REGISTRY, table.revision, table.revision + 1, records)).table


def test_the_oldest_views_go_when_there_is_no_more_room() -> None:
    servers = [server(f"s{n}") for n in range(ViewCache.LIMIT + 5)]
    of = build(REGISTRY, 1, servers)
    first = view(of, ADMIN, "s0")
    for each in servers:
        view(of, ADMIN, each.id)
    assert len(of.views) == ViewCache.LIMIT
    assert view(of, ADMIN, "s0") is not first


def test_another_rule_ends_the_views_of_those_whom_it_is_about_alone() -> None:
    rule = Rule("x", "not for ann", "deny", DENY_ANN % b"t1")
    of = build(REGISTRY, 1, (USER_ROLE, ANN, BOB, rule, upstream(), tool("t1"), tool("t2")))
    anns, bobs, admins = (view(of, who) for who in (ANN, BOB, ADMIN))
    assert set(anns.tools) == {"u1-t2"}
    later = after(of, Rule("x", "not for ann", "deny", DENY_ANN % b"t2"))
    assert set(view(later, ANN).tools) == {"u1-t1"}
    assert view(later, BOB) is bobs
    assert view(later, ADMIN) is admins
    assert len(later.views) == 3


def test_another_role_ends_no_view_of_an_administrator() -> None:
    of = build(REGISTRY, 1, (USER_ROLE, ANN, upstream(), tool()))
    anns, admins = view(of, ANN), view(of, ADMIN)
    later = after(of, Role(USER_ROLE.id, USER_ROLE.name, ("resources.read",)))
    assert set(anns.tools) == {"u1-t1"}
    assert set(view(later, ANN).tools) == set()
    assert view(later, ADMIN) is admins


def test_a_policy_is_compiled_again_only_when_roles_or_rules_change() -> None:
    of = build(REGISTRY, 1, (USER_ROLE, ANN, upstream(), tool()))
    assert after(of, tool("t2")).policy is of.policy
    later = after(of, Rule("x", "x", "deny", DENY_ANN % b"t1"))
    assert [rule.id for rule in later.policy.rules] == ["x"]
    same = after(later, Role("r", "r"))
    assert same.policy.rules[0] is later.policy.rules[0]
