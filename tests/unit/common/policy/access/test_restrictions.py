"""From where, when and how often a token is taken."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.policy.access.restrictions import (
    DAYS,
    Restrictions,
    Unreadable,
    canonical,
    hours,
    limits,
    networks,
    restrictions,
)
from mcpgateway.common.policy.access.scope import EVERYTHING, Scope


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def test_a_scope_that_says_nothing_restricts_nothing() -> None:
    assert restrictions(EVERYTHING) == Restrictions()
    assert Restrictions().problem("", 0) is None
    assert not EVERYTHING.guarded
    assert Scope(limits={"requests_per_day": 1}).guarded


@pytest.mark.parametrize(
    ("source", "fits"),
    [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("2001:db8::7", True),
        ("11.0.0.1", False),
        ("::1", False),
        ("", False),
        ("not an address", False),
    ],
)
def test_only_addresses_of_the_networks_are_let_in(source: str, fits: bool) -> None:
    restricted = Restrictions(networks(("10.0.0.0/8", "2001:db8::/32")))
    problem = restricted.problem(source, 0)
    assert (problem is None) is fits
    assert fits or "not taken from" in str(problem)


@pytest.mark.parametrize(
    ("said", "moment", "holds"),
    [
        ({"start": "09:00", "end": "17:00"}, "2026-11-23T09:00", True),
        ({"start": "09:00", "end": "17:00"}, "2026-11-23T17:00", False),
        ({"start_hour": 9, "end_hour": 17}, "2026-11-23T16:59:59", True),
        ({"days": ["mon"]}, "2026-11-23T23:59", True),
        ({"days": ["tuesday"]}, "2026-11-23T12:00", False),
        ({"days": "Monday", "hours": "22:00-06:00"}, "2026-11-24T05:59", True),
        ({"days": "Monday", "hours": "22:00-06:00"}, "2026-11-23T05:59", False),
        ({"start": "9", "end": "10", "timezone": "America/New_York"}, "2026-11-23T14:30", True),
        ({"start": "9", "end": "10", "timezone": "America/New_York"}, "2026-07-06T13:30", True),
        ({"start": "9", "end": "10", "timezone": "America/New_York"}, "2026-07-06T14:30", False),
    ],
)
def test_hours_hold_in_their_zone_and_over_midnight(
    said: dict[str, Any], moment: str, holds: bool
) -> None:
    assert hours(said).hold(at(moment)) is holds


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"weekdays": ["monday"]}, "time_restrictions.weekdays"),
        ({"days": []}, "time_restrictions.days"),
        ({"days": ["mo"]}, "time_restrictions.days"),
        ({"days": [1]}, "time_restrictions.days"),
        ({"start": "25:00"}, "time_restrictions.start"),
        ({"start": True}, "time_restrictions.start"),
        ({"start": "9", "start_time": "9"}, "time_restrictions.start"),
        ({"start": "09:00", "end": "09:00"}, "time_restrictions.end"),
        ({"timezone": "Mars/Olympus"}, "time_restrictions.timezone"),
        ({"timezone": "../../etc/passwd"}, "time_restrictions.timezone"),
        ({"hours": 9}, "time_restrictions.hours"),
    ],
)
def test_times_that_can_not_be_understood_are_refused_by_their_place(
    said: dict[str, Any], field: str
) -> None:
    with pytest.raises(Unreadable) as raised:
        hours(said)
    assert raised.value.field == field


@pytest.mark.parametrize("most", [0, -1, 1.5, True, "5", 1 << 40])
def test_limits_are_whole_numbers_of_known_periods(most: object) -> None:
    assert limits({"requests_per_hour": 5, "requests_per_day": None}) == ((5, 3600),)
    with pytest.raises(Unreadable, match="requests_per_hour"):
        limits({"requests_per_hour": most})
    with pytest.raises(Unreadable, match="is no limit"):
        limits({"requests_per_minute": 5})


def test_a_network_that_is_none_is_named_by_its_place() -> None:
    with pytest.raises(Unreadable, match=r"ip_restrictions\[1\]"):
        networks(("::1", "10.0.0.0/99"))


CLOCK = st.integers(0, 24 * 60 - 1).map(lambda minute: f"{minute // 60:02}:{minute % 60:02}")


@given(st.sets(st.sampled_from(DAYS), min_size=1), CLOCK, CLOCK, st.floats(0, 4e9))
def test_what_is_kept_of_times_means_what_was_said(
    days: set[str], start: str, end: str, now: float
) -> None:
    if start == end:
        return
    said = {"days": sorted(days), "start": start, "end": end, "timezone": "Europe/Berlin"}
    kept = canonical(said)
    assert canonical(kept) == kept
    assert hours(kept).hold(now) is hours(said).hold(now)


@given(st.dictionaries(st.text(), st.none() | st.integers() | st.text() | st.lists(st.text())))
def test_rubbish_is_refused_and_never_fails_otherwise(said: dict[str, Any]) -> None:
    for read in (hours, limits, canonical):
        with suppress(Unreadable):
            read(said)
