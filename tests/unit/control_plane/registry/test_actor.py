"""Who sees and who changes what."""

from datetime import UTC, datetime
from typing import Any

import pytest

from mcpgateway.common.errors import Denied, NotFound, Stale
from mcpgateway.control_plane.registry.actor import (
    Actor,
    changeable,
    check_version,
    edited,
    visible,
)
from mcpgateway.control_plane.registry.model import Server, Viewer, Who

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def server(**fields: Any) -> Server:
    values: dict[str, Any] = {"created_at": NOW, "updated_at": NOW, "created": Who("owner")}
    return Server(id="s", name="s", owner_email="owner", **(values | fields))


def actor(email: str, **fields: Any) -> Actor:
    return Actor(Viewer(email, **fields), Who(email))


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        (actor("other"), {"public"}),
        (actor("other", teams=("red",)), {"public", "team"}),
        (actor("owner"), {"public", "private"}),
        (actor("owner", teams=("red",)), {"public", "team", "private"}),
        (actor("root", admin=True), {"public", "team", "private"}),
    ],
)
def test_what_is_public_its_teams_or_its_own_is_seen_and_all_else_is_not_found(
    who: Actor, seen: set[str]
) -> None:
    for level in ("public", "team", "private"):
        row = server(visibility=level, team_id="red")
        if level in seen:
            assert visible(row, who, "server", "s") is row
        else:
            with pytest.raises(NotFound):
                visible(row, who, "server", "s")


def test_seeing_is_not_changing() -> None:
    with pytest.raises(Denied):
        changeable(server(), actor("other"), "server", "s")
    row = server()
    assert changeable(row, actor("owner"), "server", "s") is row
    assert changeable(row, actor("root", admin=True), "server", "s") is row


def test_an_older_version_is_stale() -> None:
    with pytest.raises(Stale, match="version 1 now"):
        check_version(server(), 7)
    check_version(server(), 1)
    check_version(server(), None)


def test_an_edit_is_the_next_version_and_says_who() -> None:
    later = datetime(2026, 1, 2, tzinfo=UTC)
    after = edited(server(), Who("ann"), later, name="t")
    assert (after.version, after.name, after.updated_at) == (2, "t", later)
    assert after.modified == Who("ann")
    assert after.created == Who("owner")
