"""The migration files of this release."""

from mcpgateway.control_plane.store.migrate import migrations


def test_numbers_follow_each_other_from_one() -> None:
    found = migrations()
    assert [step.number for step in found] == list(range(1, len(found) + 1))
    assert all(step.sql.strip() for step in found)
