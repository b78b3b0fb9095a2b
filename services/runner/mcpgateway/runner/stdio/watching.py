"""What is known of the processes of one upstream: which run, what they said, how often they
crashed; and whether another may be started."""

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mcpgateway.common.errors import Unavailable

log = logging.getLogger("mcpgateway.runner.stderr")

MOST_LINES = 500  # of standard error; above: the oldest goes
MOST_CHARACTERS = 2000  # of a line; the rest of it is cut off
_CRASHES = 256  # that are remembered
_UNFINISHED = 16 * 1024  # bytes of a line without an end
CRASHES_COUNT = 300.0  # seconds
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 60.0  # seconds after the second crash, doubled with each


@dataclass(frozen=True, slots=True)
class Said:
    at: float
    pid: int
    line: str


@dataclass(frozen=True, slots=True)
class Ended:
    at: float
    pid: int
    why: str
    asked: bool


class Watch:
    """Implements the engine's `Watcher`. `clock`: seconds since 1970. The first crash is followed
    by a start at once; from then on there is a wait, and after `max_restarts` of them within five
    minutes there is no start until these are over."""

    def __init__(self, name: str, clock: Callable[[], float]) -> None:
        self.name = name
        self.running: dict[int, float] = {}
        self.starts = 0
        self.last: Ended | None = None
        self.said_lines: deque[Said] = deque(maxlen=MOST_LINES)
        self._max_restarts = 0
        self._clock = clock
        self._crashes: deque[float] = deque(maxlen=_CRASHES)
        self._unfinished: dict[int, bytes] = {}

    def begin(self, name: str, max_restarts: int) -> None:
        """Another version of the command: that the former crashed says nothing of it."""
        self.name = name
        self._max_restarts = max_restarts
        self._crashes.clear()

    def starting(self) -> None:
        now = self._clock()
        while self._crashes and self._crashes[0] <= now - CRASHES_COUNT:
            self._crashes.popleft()
        wait = self._wait(now)
        if wait > 0:
            last = f": {self.last.why}" if self.last is not None else ""
            count = len(self._crashes)
            raise Unavailable(
                f"the stdio server crashed {count} times in {CRASHES_COUNT:g} s{last}; "
                f"it is started again in {wait:.0f} s"
            )

    def _wait(self, now: float) -> float:
        """Seconds until another may be started."""
        count = len(self._crashes)
        if count > self._max_restarts:
            return self._crashes[0] + CRASHES_COUNT - now
        if count < 2:
            return 0.0
        wait: float = min(_FIRST_WAIT * 2.0 ** (count - 2), _LONGEST_WAIT)
        return self._crashes[-1] + wait - now

    def started(self, pid: int) -> None:
        self.running[pid] = self._clock()
        self.starts += 1
        log.info("%s: process %d was started", self.name, pid)

    def exited(self, pid: int, why: str, *, asked: bool) -> None:
        if self.running.pop(pid, None) is None:
            return
        now = self._clock()
        self._finish(pid)
        self.last = Ended(now, pid, why, asked)
        if not asked:
            self._crashes.append(now)
        log.log(logging.INFO if asked else logging.WARNING, "%s: %s", self.name, why)

    def said(self, pid: int, data: bytes) -> None:
        *lines, rest = (self._unfinished.pop(pid, b"") + data).split(b"\n")
        for line in lines:
            self._keep(pid, line)
        if len(rest) > _UNFINISHED:
            self._keep(pid, rest)
        elif rest and pid in self.running:
            self._unfinished[pid] = rest
        elif rest:
            self._keep(pid, rest)

    def _finish(self, pid: int) -> None:
        rest = self._unfinished.pop(pid, b"")
        if rest:
            self._keep(pid, rest)

    def _keep(self, pid: int, line: bytes) -> None:
        text = line.decode(errors="replace").rstrip()[:MOST_CHARACTERS]
        if text:
            self.said_lines.append(Said(self._clock(), pid, text))
            log.info("%s[%d]: %s", self.name, pid, text)

    def shown(self) -> dict[str, Any]:
        """As JSON; times in seconds since 1970."""
        now = self._clock()
        return {
            "processes": [
                {"pid": pid, "startedAt": at, "seconds": round(now - at, 3)}
                for pid, at in self.running.items()
            ],
            "starts": self.starts,
            "crashes": sum(at > now - CRASHES_COUNT for at in self._crashes),
            "startsAgainIn": max(round(self._wait(now), 3), 0.0) if self._crashes else 0.0,
            "lastExit": None
            if self.last is None
            else {
                "at": self.last.at,
                "pid": self.last.pid,
                "reason": self.last.why,
                "asked": self.last.asked,
            },
            "stderr": [
                {"at": each.at, "pid": each.pid, "line": each.line} for each in self.said_lines
            ],
        }
