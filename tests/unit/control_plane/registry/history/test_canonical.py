"""The canonical export: the same exactly for the same registry, and without a secret."""

from typing import Any

import msgspec
import pytest

from mcpgateway.control_plane.registry.history.canonical import canonical, secret_digest
from mcpgateway.control_plane.registry.history.model import Entry

ROOT: dict[str, Any] = {
    "id": "1",
    "revision": 4,
    "version": 1,
    "created_at": "2026-11-22T12:00:00Z",
    "updated_at": "2026-11-22T12:00:00Z",
    "created": {"by": "ann"},
    "uri": "file:///r",
    "name": "r",
}


def root(**changes: Any) -> Entry:
    body = msgspec.Raw(msgspec.json.encode(ROOT | changes))
    return Entry("root", (ROOT | changes)["id"], 4, "update", body)


@pytest.mark.parametrize(
    "stamped",
    [
        {"version": 2},
        {"revision": 9},
        {"updated_at": "2027-01-01T00:00:00Z"},
        {"modified": {"by": "bob"}},
        {"enabled": True},  # the default of what an earlier release did not know
    ],
)
def test_what_every_write_stamps_is_left_out(stamped: dict[str, Any]) -> None:
    assert canonical([root(**stamped)], {}) == canonical([root()], {})


@pytest.mark.parametrize(
    "changed", [{"name": "s"}, {"enabled": False}, {"tags": ["a"]}, {"id": "2"}]
)
def test_everything_else_is_in_it(changed: dict[str, Any]) -> None:
    assert canonical([root(**changed)], {}) != canonical([root()], {})


def test_order_is_not_and_other_nouns_are_not() -> None:
    one, two = root(), root(id="2")
    other = Entry("principal", "ann", 1, "create", msgspec.Raw(b"{}"))
    assert canonical([one, two], {}) == canonical([two, other, one], {})
    assert canonical([], {"a": "1", "b": "2"}) == canonical([], {"b": "2", "a": "1"})


def test_secrets_are_compared_by_a_digest_of_one_registry() -> None:
    here = secret_digest(b"secret", "registry")
    assert here == secret_digest(b"secret", "registry")
    assert here not in (secret_digest(b"secret", "other"), secret_digest(b"other", "registry"))
    assert b'"secrets":{"u":"' + here.encode() in canonical([], {"u": here})
