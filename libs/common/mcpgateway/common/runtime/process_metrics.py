"""What Prometheus expects to know of every process, and how late the event loop runs."""

import asyncio
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mcpgateway.common.metrics.instruments import Registry

LAG = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
EVERY = 0.5  # seconds between two looks at the loop's lag
_OPEN = Path("/dev/fd")
_STATM = Path("/proc/self/statm")


def add_process(registry: Registry, now: Callable[[], float] = time.time) -> None:
    """The families that client libraries for Prometheus have; memory where the system tells."""
    started = now()
    registry.read(
        "counter",
        "process_cpu_seconds_total",
        "User and system CPU time spent in seconds.",
        (),
        lambda: (((), time.process_time()),),
    )
    registry.gauge(
        "process_start_time_seconds", "Start time in seconds since the Unix epoch.", lambda: started
    )
    registry.gauge("process_open_fds", "Number of open file descriptors.", _open_files)
    registry.gauge(
        "process_max_fds",
        "Maximum number of open file descriptors.",
        lambda: resource.getrlimit(resource.RLIMIT_NOFILE)[0],
    )
    if _STATM.exists():
        registry.gauge("process_resident_memory_bytes", "Resident memory size in bytes.", _resident)


def _open_files() -> float:
    return sum(1 for _ in _OPEN.iterdir()) - 1  # listing opens one


def _resident() -> float:
    return int(_STATM.read_text().split()[1]) * resource.getpagesize()


@contextmanager
def watching(registry: Registry) -> Iterator[Registry]:
    """The registry with what every service shows, in the running loop."""
    add_process(registry)
    lag = LoopLag(registry)
    try:
        yield registry
    finally:
        lag.close()


class LoopLag:
    """Observes by how much a timer fires late. Make it in the running loop; close it."""

    def __init__(self, registry: Registry, every: float = EVERY) -> None:
        self._lag = registry.histogram(
            "mcpgateway_event_loop_lag_seconds",
            "By how much a timer of the event loop fired late.",
            LAG,
        )
        self._every = every
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(every, self._look, self._loop.time() + every)

    def close(self) -> None:
        self._timer.cancel()

    def _look(self, due: float) -> None:
        now = self._loop.time()
        self._lag.observe(max(0.0, now - due))
        self._timer = self._loop.call_at(now + self._every, self._look, now + self._every)
