"""The history of a transaction: the last state of each thing, once."""

import msgspec
import pytest

from mcpgateway.control_plane.registry.history.model import Entry, Op
from mcpgateway.control_plane.store.changes import Changes


@pytest.mark.parametrize(
    ("ops", "left"),
    [
        (["create"], "create"),
        (["create", "update"], "create"),
        (["create", "delete"], None),
        (["update", "update"], "update"),
        (["update", "delete"], "delete"),
        (["delete", "create"], "update"),
    ],
)
def test_what_happened_in_between_was_never_seen(ops: list[Op], left: Op | None) -> None:
    changes = Changes(7)
    for number, op in enumerate(ops):
        changes.add("tool", "t", op, msgspec.Raw(str(number).encode()))
    last = msgspec.Raw(str(len(ops) - 1).encode())
    assert list(changes) == ([] if left is None else [Entry("tool", "t", 7, left, last)])
    assert bool(changes) is (left is not None)


def test_things_of_one_id_and_different_nouns_are_different() -> None:
    changes = Changes(7)
    changes.add("upstream", "x", "create", msgspec.Raw(b"{}"))
    changes.add("credential", "x", "delete")
    assert len(changes) == 2
