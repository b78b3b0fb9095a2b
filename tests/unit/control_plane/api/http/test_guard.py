"""Each route says which permission it needs, and refuses whoever does not have it."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from typing_extensions import override

from mcpgateway.common.errors import Denied
from mcpgateway.common.policy.access.permissions import NAMES
from mcpgateway.common.policy.access.scope import Scope
from mcpgateway.common.policy.access.subject import Subject
from mcpgateway.common.routing.model import Principal
from mcpgateway.control_plane.api.app import idle, routes
from mcpgateway.control_plane.api.http.guard import TABLE, Held, Left, Needs, check, needs
from mcpgateway.control_plane.api.http.operation import Served
from mcpgateway.control_plane.registry.model import Viewer
from support.api_document import idle_parts

ADMIN = Principal("root@example.com", admin=True)
SOMEBODY = Principal("ann@example.com")
# About oneself, open to everybody, or decided thing by thing: no permission of the route's own.
FREE = 60


class Asked(NamedTuple):
    path: str
    method: str
    needed: Needs | None

    @override
    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def asked() -> Iterator[Asked]:
    for route in routes(idle(idle_parts())):
        if isinstance(route, Served):
            for method in route.operations:
                yield Asked(route.path, method, needs(route.path, method))


ALL = list(asked())
HELD = [each for each in ALL if isinstance(each.needed, Held)]
LEFT = [each for each in ALL if isinstance(each.needed, Left) and each.needed.permissions]


def viewer(principal: Principal, scope: Scope | None = None) -> Viewer:
    subject = Subject(principal, scope or Scope())
    return Viewer(principal.id, principal.admin, (), subject)


@pytest.mark.parametrize("route", ALL, ids=str)
def test_every_route_is_in_the_table(route: Asked) -> None:
    assert route.needed is not None, "add a row to api/http/guard.py: who may do this?"


def test_most_routes_need_a_permission() -> None:
    free = [str(each) for each in ALL if each.needed == Left()]
    assert len(free) < FREE, free


def test_every_permission_of_the_table_is_one() -> None:
    rows = [each for _, methods in TABLE for each in methods.values()]
    named = {each.permission for each in rows if isinstance(each, Held)}
    named |= {name for each in rows if isinstance(each, Left) for name in each.permissions}
    assert named <= set(NAMES)


@pytest.mark.parametrize("route", HELD, ids=str)
def test_who_has_no_role_is_refused_by_the_permission(route: Asked) -> None:
    assert isinstance(route.needed, Held)
    with pytest.raises(Denied, match=route.needed.permission):
        check(viewer(SOMEBODY), route.path, route.method)
    others = viewer(ADMIN, Scope(permissions=tuple(set(NAMES) - {route.needed.permission})))
    with pytest.raises(Denied, match=route.needed.permission):
        check(others, route.path, route.method)
    only = Scope(permissions=(route.needed.permission,))
    check(viewer(ADMIN, only), route.path, route.method)


@pytest.mark.parametrize("route", LEFT, ids=str)
def test_a_token_that_lacks_a_permission_is_refused_by_it(route: Asked) -> None:
    assert isinstance(route.needed, Left)
    for permission in route.needed.permissions:
        others = Scope(permissions=tuple(set(NAMES) - {permission}))
        with pytest.raises(Denied, match=f"does not leave the permission {permission}"):
            check(viewer(ADMIN, others), route.path, route.method)
    only = Scope(permissions=route.needed.permissions)
    check(viewer(SOMEBODY, only), route.path, route.method)


@pytest.mark.parametrize("route", ALL, ids=str)
def test_an_administrator_is_refused_nowhere(route: Asked) -> None:
    check(viewer(ADMIN), route.path, route.method)


def test_a_path_that_nobody_thought_of_is_an_administrators() -> None:
    assert needs("/something/new", "POST") is None
    check(viewer(ADMIN), "/something/new", "POST")
    with pytest.raises(Denied, match=r"admin\.system_config"):
        check(viewer(SOMEBODY), "/something/new", "POST")


def test_a_token_for_one_server_is_taken_at_that_server_alone() -> None:
    only = viewer(ADMIN, Scope(server="s1"))
    check(only, "/servers/{id}/tools", "GET", "s1")
    for path, server in (("/servers/{id}", "s2"), ("/tools", ""), ("/auth/email/me", "")):
        with pytest.raises(Denied, match="the server 's1' alone"):
            check(only, path, "GET", server)


@pytest.mark.parametrize(
    ("path", "method", "needed"),
    [
        ("/tools", "POST", Left(("tools.create",))),
        ("/tools/{id}/state", "POST", Left(("tools.update",))),
        ("/tools/{id}/rollback", "POST", Left(("tools.update",))),
        ("/tools/{id}/definition/approve", "POST", Left(("tools.update",))),
        ("/gateways/{id}/tools/refresh", "POST", Left(("gateways.update",))),
        ("/admin/gateways/{id}", "DELETE", Left(("gateways.delete",))),
        ("/roots/{uri:path}", "DELETE", Left(("roots.delete",))),
        ("/a2a/{id}", "PUT", Left(("a2a.update",))),
        ("/prompts/preview", "POST", Left(("prompts.read",))),
        ("/export", "GET", Left(("admin.export",))),
        ("/catalog/{id}/register", "POST", Left(("gateways.create",))),
        ("/audit/verify", "GET", Held("admin.security_audit")),
        ("/revisions/{revision}/restore", "POST", Held("admin.system_config")),
        ("/access/rules/{id}", "PUT", Held("admin.system_config")),
        ("/access/rules/{id}", "GET", Held("admin.security_audit")),
        ("/rbac/roles", "POST", Held("admin.user_management")),
        ("/teams/{id}/members", "POST", Left(("teams.manage_members",))),
        ("/tokens/{id}", "DELETE", Left(("tokens.revoke",))),
        ("/mcp-servers/test", "POST", Held("admin.system_config")),
    ],
)
def test_what_a_route_needs_is_what_its_act_is(path: str, method: str, needed: Needs) -> None:
    assert needs(path, method) == needed
