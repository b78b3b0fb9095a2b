"""How often something may be done within a window, by whom."""

from collections import OrderedDict
from datetime import datetime, timedelta

from mcpgateway.common.errors import LimitExceeded


class Pace:
    """Counts of this process. Full (`keys`): whoever did something longest ago is forgotten."""

    def __init__(self, limit: int, window: timedelta, what: str, keys: int = 10_000) -> None:
        self._limit = limit
        self._window = window
        self._what = what
        self._keys = keys
        self._times: OrderedDict[str, list[datetime]] = OrderedDict()

    def note(self, key: str, now: datetime) -> None:
        """Raises LimitExceeded, and does not count, when it was done too often."""
        recent = [at for at in self._times.get(key, ()) if at + self._window > now]
        if len(recent) >= self._limit:
            wait = max(1, round((recent[0] + self._window - now).total_seconds()))
            raise LimitExceeded(f"too many {self._what}: try again in {wait} s", retry_after=wait)
        self._times[key] = [*recent, now]
        self._times.move_to_end(key)
        while len(self._times) > self._keys:
            self._times.popitem(last=False)
