"""The path table gives every public route one owner."""

import csv
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.paths import normal, owner

ROUTES = Path(__file__).parents[3] / "docs" / "reference" / "contextforge-routes.tsv"


def rows() -> list[dict[str, str]]:
    with ROUTES.open(newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def concrete(pattern: str) -> str:
    """A path of the pattern: `{x:path}` spans segments, `{x}` does not."""
    return re.sub(r"\{[^}]+\}", "x", re.sub(r"\{[^}:]+:path\}", "a/b", pattern))


def test_every_contextforge_route_has_the_owner_that_the_reference_names() -> None:
    wrong = [
        (row["method"], row["path"], row["owner"])
        for row in rows()
        if owner(row["method"].split("|")[0].replace("WEBSOCKET", "GET"), concrete(row["path"]))
        != row["owner"]
    ]
    assert wrong == []
    assert len(rows()) > 500


def test_every_contextforge_route_is_served_planned_or_explained() -> None:
    for row in rows():
        assert row["status"] in ("now", "later", "different"), row
        assert row["status"] == "now" or len(row["note"]) > 1, row


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", "/servers/0123/mcp", "data-plane"),
        ("POST", "/v1/servers/0123/mcp/", "data-plane"),
        ("POST", "/servers/0123/tools/add", "data-plane"),
        ("GET", "/servers/0123/tools", "control-plane"),
        ("GET", "/servers/0123", "control-plane"),
        ("POST", "/mcp", "data-plane"),
        ("POST", "/a2a", "control-plane"),
        ("GET", "/a2a/7", "control-plane"),
        ("POST", "/a2a/weather", "data-plane"),
        ("POST", "/a2a/7/state", "control-plane"),
        ("GET", "/a2a/weather/.well-known/agent-card.json", "data-plane"),
        ("GET", "/prompts/7", "control-plane"),
        ("POST", "/prompts/7", "data-plane"),
        ("POST", "/prompts/preview", "control-plane"),
        ("POST", "/resources/subscribe", "control-plane"),
        ("GET", "/resources/7", "data-plane"),
        ("GET", "/resources/templates/list", "control-plane"),
        ("GET", "/admin", "admin"),
        ("GET", "/admin/", "admin"),
        ("GET", "/admin/ui/tools", "admin"),
        ("POST", "/admin/tools/import", "control-plane"),
        ("GET", "/administrator", "control-plane"),
        ("GET", "/", "control-plane"),
        ("GET", "/mcpx", "control-plane"),
    ],
)
def test_owner(method: str, path: str, expected: str) -> None:
    assert owner(method, path) == expected


@given(st.text(st.sampled_from("/v1mcpserv.tolsa2-"), max_size=40))
def test_version_prefix_and_trailing_slash_never_change_the_owner(tail: str) -> None:
    path = "/" + tail.strip("/")
    if not path.startswith("/v1"):
        assert owner("POST", path) == owner("POST", "/v1" + path) == owner("POST", path + "/")


@given(st.text())
def test_a_normal_path_is_normal(path: str) -> None:
    assert normal(path)
