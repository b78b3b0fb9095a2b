"""Who may say what is run."""

from datetime import UTC, datetime
from typing import Any

import pytest

from mcpgateway.common.errors import Denied
from mcpgateway.control_plane.registry.actor import Actor
from mcpgateway.control_plane.registry.drafts import UpstreamDraft
from mcpgateway.control_plane.registry.model import Upstream, Viewer, Who
from mcpgateway.control_plane.registry.upstream_auth import trusting

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ANN = Actor(Viewer("ann@example.com"), Who("ann@example.com"))
ADMIN = Actor(Viewer("admin@example.com", admin=True), Who("admin@example.com"))


def upstream(**fields: Any) -> Upstream:
    values: dict[str, Any] = {
        "id": "u",
        "name": "a",
        "slug": "a",
        "url": "",
        "transport": "STDIO",
        "transport_options": {"command": "uvx"},
        "era": "legacy",
        "protocol_version": "2025-06-18",
        "created_at": NOW,
        "updated_at": NOW,
        "created": Who("ann"),
    }
    return Upstream(**(values | fields))


def test_only_who_configures_the_gateway_registers_a_command() -> None:
    trusting.check_new(ADMIN, None, "STDIO")
    trusting.check_new(ANN, None, "STREAMABLEHTTP")
    with pytest.raises(Denied, match="register a local command"):
        trusting.check_new(ANN, None, "STDIO")


@pytest.mark.parametrize(
    ("after", "draft"),
    [
        ({"transport_options": {"command": "sh"}}, UpstreamDraft()),
        ({}, UpstreamDraft(environment=(("A", "b"),))),
        ({}, UpstreamDraft(environment=None)),
        ({}, UpstreamDraft(transport="STREAMABLEHTTP")),
        ({"url": "http://a.example"}, UpstreamDraft()),
    ],
)
def test_only_he_changes_one(after: dict[str, Any], draft: UpstreamDraft) -> None:
    changed = upstream(**after)
    trusting.check_changed(ADMIN, upstream(), changed, draft)
    with pytest.raises(Denied, match="change what a local command is"):
        trusting.check_changed(ANN, upstream(), changed, draft)


def test_only_he_makes_one_of_something_else() -> None:
    other = upstream(transport="STREAMABLEHTTP", url="http://a.example", transport_options={})
    with pytest.raises(Denied):
        trusting.check_changed(ANN, other, other, UpstreamDraft(transport="STDIO"))


def test_others_may_change_what_is_not_run() -> None:
    trusting.check_changed(ANN, upstream(), upstream(name="b"), UpstreamDraft(name="b"))


def test_a_version_with_another_command_comes_back_by_him_alone() -> None:
    old = upstream(transport_options={"command": "sh"})
    trusting.check_run(ANN, upstream(), upstream(name="old"), known_otherwise=False)
    for before in (upstream(), None):
        trusting.check_run(ADMIN, before, old, known_otherwise=True)
        with pytest.raises(Denied):
            trusting.check_run(ANN, before, old, known_otherwise=False)


def test_a_version_with_other_variables_is_another_command() -> None:
    with pytest.raises(Denied):
        trusting.check_run(ANN, upstream(), upstream(name="old"), known_otherwise=True)
