"""What it means to follow resources at one upstream: the words that all kinds of upstreams share.
Who wants to follow what is not known here."""

import random
from collections.abc import Callable
from typing import NamedTuple, Protocol

from mcpgateway.common.jsonrpc import Params


class Watcher(Protocol):
    """Hears of resources at one upstream. After `refused` nothing more comes; the first call may
    come before `Watch.want` has returned."""

    def standing(self, asked: frozenset[str], honoured: frozenset[str], *, gap: bool) -> None:
        """From now on changes of `honoured` are told, of the rest of `asked` they are not.
        `gap`: they were told before, but not lately."""

    def updated(self, uri: str) -> None:
        """This resource, or the part of one that was asked for, is another now."""

    def refused(self, *, lasting: bool) -> None:
        """None is told. `lasting`: the upstream says so; otherwise there is no room for it."""


class TaskWatcher(Watcher, Protocol):
    """The same of tasks, by their ids at the upstream."""

    def task(self, id: str, params: Params) -> None:
        """All of this task, as the upstream tells it."""


class Watch(Protocol):
    """Follows until it is closed, and tries again for as long as it takes."""

    def want(self, uris: frozenset[str]) -> None:
        """These, of which there is at least one, from now on."""

    def close(self) -> None:
        """None any more; the watcher hears nothing after it."""


class Pace(NamedTuple):
    """Seconds. After a failure it waits `first`, doubled with each more in a row up to `most`,
    less up to a half of it by chance; what stood for `settled` begins anew. `overlap`: two streams
    are read so long when one takes the other's place."""

    first: float = 0.25
    most: float = 30.0
    settled: float = 10.0
    overlap: float = 0.05

    def wait(self, failures: int, spread: float) -> float:
        """Before the next try, after so many failures in a row; `spread` is in [0, 1)."""
        longest = min(self.most, self.first * float(1 << min(failures, 16)))
        return longest * (1 - spread / 2)


class Tempo(NamedTuple):
    """How tries follow each other; `spread` draws numbers in [0, 1)."""

    pace: Pace = Pace()
    spread: Callable[[], float] = random.random

    def wait(self, failures: int) -> float:
        return self.pace.wait(failures, self.spread())
