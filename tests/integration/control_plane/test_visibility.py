"""One rule of who sees what, in three places: data planes, use cases, and lists in SQL."""

from datetime import UTC, datetime
from typing import Any

import pytest

from mcpgateway.common.policy import visibility
from mcpgateway.common.policy.access.subject import Subject
from mcpgateway.common.routing.model import Access, Principal
from mcpgateway.control_plane.registry.model import Server, Viewer, Who, may_see
from support.control_plane import Plane

OWNER = "owner@example.com"
VISIBLE = "SELECT visible($1, $2, $3, $4, $5, $6)"
AT = datetime(2026, 1, 1, tzinfo=UTC)

VIEWERS = {
    "stranger": Viewer("other@example.com"),
    "member": Viewer("other@example.com", teams=("blue", "red")),
    "owner who left the team": Viewer(OWNER, teams=("blue",)),
    "owner in the team": Viewer(OWNER, teams=("red",)),
    "administrator": Viewer("root@example.com", admin=True),
    "nobody": Viewer("", teams=("",)),
}
EVERYBODY = frozenset(VIEWERS)
OWNERS = frozenset({"owner who left the team", "owner in the team"})


@pytest.mark.parametrize(
    ("level", "team", "owner", "seen_by"),
    [
        ("public", None, None, EVERYBODY),
        ("public", "red", OWNER, EVERYBODY),
        ("team", "red", OWNER, {"member", "owner in the team", "administrator"}),
        ("private", "red", OWNER, OWNERS | {"administrator"}),
        ("team", None, OWNER, {"administrator"}),
        ("team", "", OWNER, {"administrator"}),
        ("private", None, None, {"administrator"}),
        ("private", "red", "", {"administrator"}),
        ("secret", "red", OWNER, {"administrator"}),
    ],
)
async def test_data_planes_use_cases_and_lists_agree_on_who_sees_a_thing(
    plane: Plane, level: Any, team: str | None, owner: str | None, seen_by: frozenset[str]
) -> None:
    row = Server(
        id="s", name="s", visibility=level, team_id=team, owner_email=owner,
        created_at=AT, updated_at=AT, created=Who("test"),
    )  # fmt: skip
    access = Access(level, team or "", owner or "")
    for name, viewer in VIEWERS.items():
        principal = Principal(viewer.email, admin=viewer.admin, teams=viewer.teams)
        listed = await plane.pool.fetchval(
            VISIBLE, level, team, owner, viewer.admin, viewer.email, list(viewer.teams)
        )
        answers = (visibility.may_see(Subject(principal), access), may_see(viewer, row), listed)
        assert answers == (name in seen_by,) * 3, name
