"""Which permission each route needs: one table of all of them.

A permission is needed in one of two ways. `Held`: for the gateway as a whole, by a role; whoever
does not have it is refused here. `Left`: the caller's token must not have taken it away; whether
the caller may do it with the thing in question is decided where the thing is known, in
`registry`. A route that is in no row is an administrator's.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from mcpgateway.common.errors import Denied
from mcpgateway.control_plane.registry.access.rights import (
    CHANGE_RULES,
    HISTORY,
    NOUNS,
    RESTORE,
    ROLES,
    RULES,
    RUN,
    TEST,
)
from mcpgateway.control_plane.registry.model import Viewer


class Held(NamedTuple):
    """For the gateway as a whole."""

    permission: str


class Left(NamedTuple):
    """All of them, by the token."""

    permissions: tuple[str, ...] = ()


Needs: TypeAlias = Held | Left
Row: TypeAlias = tuple[str, Mapping[str, Needs]]


def _left(*permissions: str) -> Left:
    return Left(permissions)


def _any(needs: Needs) -> Mapping[str, Needs]:
    return dict.fromkeys(("GET", "POST", "PUT", "PATCH", "DELETE"), needs)


def _of_noun(noun: str) -> tuple[Row, ...]:
    read, create = _left(f"{noun}.read"), _left(f"{noun}.create")
    update, delete = _left(f"{noun}.update"), _left(f"{noun}.delete")
    return (
        (rf"(/admin)?/{noun}", {"GET": read, "POST": create}),
        (
            rf"(/admin)?/{noun}/\{{(id|uri:path)\}}",
            {"GET": read, "PUT": update, "DELETE": delete},
        ),
        (rf"(/admin)?/{noun}/.+", {"GET": read, "POST": update}),
    )


OWN = _left()  # about the caller alone, or decided where it is known what about
EACH = _left()  # each thing in it needs its own permission
_SEE_ALL = _left(*(f"{noun}.read" for noun in NOUNS.values()))
_TOKEN = {"GET": _left("tokens.read"), "POST": _left("tokens.create")}
_TEAM = {"GET": _left("teams.read"), "POST": _left("teams.create")}
_USERS = Held("admin.user_management")

# Of the rows whose pattern is a route's whole path, the first that names the method counts.
TABLE: tuple[Row, ...] = (
    ("/|/health|/ready|/version|/replicas|/favicon.ico", _any(OWN)),
    ("/docs.*|/redoc|/openapi.json", _any(OWN)),
    (r"/auth/email/admin/events", {"GET": Held(HISTORY)}),
    (r"/auth/email/admin/.+", _any(_USERS)),
    (r"/auth/sso/admin/.+", _any(Held("admin.sso_providers"))),
    (r"/auth/sso/pending-approvals.*", _any(_USERS)),
    (
        r"/oauth/consents.*",
        {"GET": _left("tokens.read"), "DELETE": _left("tokens.revoke")},
    ),
    (
        r"/oauth/(tokens|fetch-tools)/.+|/vault/\{id\}",
        {
            "PUT": _left("tokens.create"),
            "DELETE": _left("tokens.revoke"),
            "POST": _left("gateways.update"),
        },
    ),
    (r"/oauth/status.*", {"GET": _left("tokens.read")}),
    (r"/auth/email/events", {"GET": _left("users.read")}),
    (r"/(auth|oauth)/.+|/(authorize|token|register|device)(/.*)?|/\.well-known/.+", _any(OWN)),
    (r"/me/.+|/vault/.+", _any(OWN)),
    (r"/admin/config/.+", _any(Held("admin.system_config"))),
    (r"/teams(/discover)?", _TEAM),
    (r"/teams/\{id\}", {"PUT": _left("teams.update"), "DELETE": _left("teams.delete")}),
    (r"/teams/\{id\}/(join|leave)|/(teams/)?invitations/\{token\}/.+", _any(_left("teams.join"))),
    (r"/teams/.+", {"GET": _left("teams.read")}),
    (r"/teams/.+", _any(_left("teams.manage_members"))),
    (r"/tokens/admin/.+", _any(_USERS)),
    (r"/tokens.*", _TOKEN | {"PUT": _left("tokens.update"), "DELETE": _left("tokens.revoke")}),
    (r"/rbac/my/.+|/rbac/permissions/.+", _any(OWN)),
    (r"/rbac/roles.*", {"GET": OWN}),
    (r"/rbac/roles.*", _any(Held(ROLES))),
    (r"/rbac/users/.+", _any(_left(ROLES))),
    (r"/access/explain", {"POST": OWN}),
    (r"/access/rules.*", {"GET": Held(RULES)}),
    (r"/access/rules.*", _any(Held(CHANGE_RULES))),
    (r"/access/.+", _any(Held(RULES))),
    (r"/revisions/\{revision\}/restore", {"POST": Held(RESTORE)}),
    (r"/revisions.*|/audit.*", {"GET": Held(HISTORY)}),
    (r"/mcp-servers/test.*|/admin/gateways/test", {"POST": Held(TEST)}),
    (r"/openapi/preview", {"POST": _left("gateways.create")}),
    (r"(/admin)?/tools/generate-schemas-from-openapi", {"POST": _left("tools.create")}),
    (r"/admin/grpc", {"GET": _left("gateways.read"), "POST": _left("gateways.create")}),
    (
        r"/admin/grpc/\{id\}(/delete)?",
        {
            "GET": _left("gateways.read"),
            "PUT": _left("gateways.update"),
            "DELETE": _left("gateways.delete"),
            "POST": _left("gateways.delete"),
        },
    ),
    (r"/admin/grpc/.+", {"GET": _left("gateways.read"), "POST": _left("gateways.update")}),
    (r"/catalog|/admin/mcp-registry/.+", {"GET": _left("gateways.read")}),
    (r"/catalog/.+|/admin/mcp-registry/.+", {"POST": _left("gateways.create")}),
    (r"(/admin)?/tags.*", {"GET": _left("tags.read")}),
    (r"(/admin)?/search|/documents", {"GET": _SEE_ALL}),
    (r"/definitions/drift", {"GET": _left("tools.read")}),
    (r"/apply", {"POST": EACH}),
    (r"(/admin)?/export.*", _any(_left("admin.export"))),
    (r"(/admin)?/import.*", _any(_left("admin.import"))),
    (r"/admin/tools/import", {"POST": _left("tools.create")}),
    (r"/prompts/preview", {"POST": _left("prompts.read")}),
    (r"/resources/subscribe", {"POST": _left("resources.read")}),
    (r"/servers/\{id\}/(tools|prompts|resources)", {"GET": _left("servers.read")}),
    (r"/gateways/\{id\}/process.*", _any(Held(RUN))),
    *(row for noun in NOUNS.values() for row in _of_noun(noun)),
)
_COMPILED: Sequence[tuple[re.Pattern[str], Mapping[str, Needs]]] = [
    (re.compile(pattern), methods) for pattern, methods in TABLE
]
UNKNOWN = Held("admin.system_config")


def needs(path: str, method: str) -> Needs | None:
    """Of a route by its path, with parameters in braces; None: it is in no row."""
    for pattern, methods in _COMPILED:
        found = methods.get(method)
        if found is not None and pattern.fullmatch(path):
            return found
    return None


def check(viewer: Viewer, path: str, method: str, server: str = "") -> None:
    """`server`: the id of the virtual server that the path names. Raises Denied."""
    needed = needs(path, method) or UNKNOWN
    only = viewer.scope.server
    if only and only != server:
        raise Denied(f"the token is for the server {only!r} alone, and for what is at its address")
    if isinstance(needed, Held):
        decision = viewer.decide(needed.permission)
        if not decision.allowed:
            text = f"only who has the permission {needed.permission} may do this"
            raise Denied(f"{text}: {decision.reason}")
        return
    for permission in needed.permissions:
        if not viewer.scope.leaves(permission):
            raise Denied(f"the token does not leave the permission {permission}")
