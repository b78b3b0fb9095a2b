"""From where, when and how often a token is taken: the parts of its scope that are looked at with
each request. Pure: time and address are passed in.

Times are `days` (names of weekdays), `start` and `end` ("HH:MM", the end not included; an end
before the start is on the next day) and `timezone` (IANA, UTC when absent). Limits are
`requests_per_hour` and `requests_per_day`, of hours and days of UTC.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mcpgateway.common.policy.access.scope import Scope

Network: TypeAlias = IPv4Network | IPv6Network

HOUR = 3600  # seconds
DAY = 86_400
MAX_REQUESTS = 1_000_000_000
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ALL_DAYS = frozenset(range(7))
_CLOCK = re.compile(r"([01]?[0-9]|2[0-4])(?::([0-5][0-9]))?")
_ZONE = re.compile(r"[A-Za-z0-9_+-]{1,32}(?:/[A-Za-z0-9_+-]{1,32}){0,2}")
# What each is also called.
_TIMES = {
    "days": ("days", "days_of_week", "allowed_days"),
    "start": ("start", "start_time", "start_hour"),
    "end": ("end", "end_time", "end_hour"),
    "timezone": ("timezone", "tz"),
}
_PERIODS = {"requests_per_hour": HOUR, "requests_per_day": DAY}


class Unreadable(ValueError):
    """`field` is the member that can not be understood."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field} {problem}")
        self.field = field
        self.problem = problem


class Hours(NamedTuple):
    """When: `start` and `end` in minutes of a day of the zone, days from Monday as 0."""

    days: frozenset[int] = _ALL_DAYS
    start: int = 0
    end: int = 24 * 60
    zone: tzinfo = UTC

    def hold(self, now: float) -> bool:
        """`now` in Unix seconds."""
        at = datetime.fromtimestamp(now, self.zone)
        minute = at.hour * 60 + at.minute
        if self.start < self.end:
            return self.start <= minute < self.end and at.weekday() in self.days
        if minute >= self.start:
            return at.weekday() in self.days
        return minute < self.end and (at - timedelta(days=1)).weekday() in self.days


class Restrictions(NamedTuple):
    """`networks` empty: from anywhere. `hours` None: always. `limits`: how many requests in how
    many seconds, which begin at whole multiples of them."""

    networks: tuple[Network, ...] = ()
    hours: Hours | None = None
    limits: tuple[tuple[int, int], ...] = ()

    def problem(self, source: str, now: float) -> str | None:
        """Why a request from this address at this time is refused, limits aside."""
        if self.networks and not _within(source, self.networks):
            return f"this token is not taken from {source or 'an unknown address'}"
        if self.hours is not None and not self.hours.hold(now):
            return "this token is not taken at this time: its time_restrictions say when"
        return None


def restrictions(scope: Scope) -> Restrictions:
    """Raises Unreadable: what can not be understood might have refused something."""
    return Restrictions(
        networks(scope.networks), hours(scope.times) if scope.times else None, limits(scope.limits)
    )


def networks(said: Sequence[str]) -> tuple[Network, ...]:
    """Raises Unreadable."""
    found = []
    for at, text in enumerate(said):
        try:
            found.append(ip_network(text.strip(), strict=False))
        except ValueError:
            problem = f"must be an address or a network such as 10.0.0.0/8, not {text[:64]!r}"
            raise Unreadable(f"ip_restrictions[{at}]", problem) from None
    return tuple(found)


def hours(said: Mapping[str, Any]) -> Hours:
    """Raises Unreadable."""
    said = _flat(said)
    unknown = [name for name in said if not any(name in names for names in _TIMES.values())]
    if unknown:
        known = "days, start, end, timezone"
        raise Unreadable(f"time_restrictions.{unknown[0][:64]}", f"is none of {known}")
    start = _minutes("start", _one(said, "start"), 0)
    end = _minutes("end", _one(said, "end"), 24 * 60)
    if start == end:
        raise Unreadable("time_restrictions.end", "is the start: no time is between them")
    return Hours(_days(_one(said, "days")), start, end, _zone(_one(said, "timezone")))


def _flat(said: Mapping[str, Any]) -> dict[str, Any]:
    """`hours` may be an object of `start` and `end`, or a text such as "09:00-17:00"."""
    rest = dict(said)
    inner = rest.pop("hours", None)
    if isinstance(inner, Mapping):
        return rest | {str(name): value for name, value in inner.items()}
    if isinstance(inner, str):
        start, _, end = inner.partition("-")
        return rest | {"start": start.strip(), "end": end.strip()}
    if inner is not None:
        raise Unreadable("time_restrictions.hours", 'must be {"start", "end"} or "09:00-17:00"')
    return rest


def _one(said: Mapping[str, Any], name: str) -> Any:
    given = [said[each] for each in _TIMES[name] if said.get(each) is not None]
    if len(given) > 1:
        raise Unreadable(f"time_restrictions.{name}", "is given twice")
    return given[0] if given else None


def _minutes(name: str, said: Any, absent: int) -> int:
    """Of "HH", "HH:MM", or a number of hours."""
    if said is None:
        return absent
    plain = str(said) if isinstance(said, int | str) and not isinstance(said, bool) else ""
    found = _CLOCK.fullmatch(plain.strip())
    minutes = int(found[1]) * 60 + int(found[2] or 0) if found else -1
    if not 0 <= minutes <= 24 * 60:
        problem = f"must be a time such as 09:00, not {str(said)[:32]!r}"
        raise Unreadable(f"time_restrictions.{name}", problem)
    return minutes


def _days(said: Any) -> frozenset[int]:
    """Names, whole or of three letters at least; none given means all."""
    if said is None:
        return _ALL_DAYS
    found = set()
    for each in said if isinstance(said, list | tuple) else [said]:
        name = each.strip().lower() if isinstance(each, str) else ""
        matching = [at for at, day in enumerate(DAYS) if len(name) > 2 and day.startswith(name)]
        if not matching:
            problem = f"must be names of weekdays, such as monday, not {str(each)[:32]!r}"
            raise Unreadable("time_restrictions.days", problem)
        found.add(matching[0])
    if not found:
        raise Unreadable("time_restrictions.days", "names no day: leave it out for all")
    return frozenset(found)


def _zone(said: Any) -> tzinfo:
    if said in (None, "UTC", "Z"):
        return UTC
    try:
        if isinstance(said, str) and _ZONE.fullmatch(said):
            return ZoneInfo(said)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        pass
    problem = f"must be a time zone such as Europe/Berlin, not {str(said)[:64]!r}"
    raise Unreadable("time_restrictions.timezone", problem)


def limits(said: Mapping[str, Any]) -> tuple[tuple[int, int], ...]:
    """Raises Unreadable."""
    found = []
    for name, most in said.items():
        if name not in _PERIODS:
            known = " or ".join(_PERIODS)
            raise Unreadable(f"usage_limits.{name[:64]}", f"is no limit: {known} are")
        if most is None:
            continue
        if isinstance(most, bool) or not isinstance(most, int) or not 0 < most <= MAX_REQUESTS:
            problem = f"must be a whole number from 1 to {MAX_REQUESTS}"
            raise Unreadable(f"usage_limits.{name}", problem)
        found.append((most, _PERIODS[name]))
    return tuple(found)


def canonical(said: Mapping[str, Any]) -> dict[str, Any]:
    """Times as they are kept and shown. Raises Unreadable."""
    if not said:
        return {}
    read = hours(said)
    zone = read.zone.key if isinstance(read.zone, ZoneInfo) else "UTC"
    return {
        "days": [day for at, day in enumerate(DAYS) if at in read.days],
        "start": f"{read.start // 60:02}:{read.start % 60:02}",
        "end": f"{read.end // 60:02}:{read.end % 60:02}",
        "timezone": zone,
    }


def _within(source: str, networks: Sequence[Network]) -> bool:
    try:
        address = ip_address(source.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    address = address if mapped is None else mapped
    return any(each.version == address.version and address in each for each in networks)
