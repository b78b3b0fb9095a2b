"""Which runs there are, and how some are picked."""

from conformance.legs import LEGS, chosen


def test_every_set_of_a_server_meets_both_eras() -> None:
    names = [leg.name for leg in LEGS]
    assert len(set(names)) == len(names)
    for revision in ("2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26"):
        assert {f"server {revision} -> modern", f"server {revision} -> legacy"} <= set(names)


def test_runs_are_picked_by_words_of_their_name() -> None:
    assert chosen([]) == list(LEGS)
    assert [leg.name for leg in chosen(["2025-11-25", "legacy"])] == ["server 2025-11-25 -> legacy"]
    assert {leg.set.role for leg in chosen(["client"])} == {"client"}
