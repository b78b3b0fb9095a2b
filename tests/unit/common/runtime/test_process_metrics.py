import asyncio
import os
import time

from mcpgateway.common.metrics.instruments import Registry
from mcpgateway.common.runtime.process_metrics import LoopLag, add_process
from support.wait import until


def values(registry: Registry) -> dict[str, float]:
    return {family.name: family.samples[0].value for family in registry.families()}


def test_the_process_is_described() -> None:
    registry = Registry()
    add_process(registry, now=lambda: 1_800_000_000.0)
    before = values(registry)
    with open(os.devnull) as _:
        sum(range(1_000_000))
        after = values(registry)
    assert after["process_open_fds"] == before["process_open_fds"] + 1
    assert after["process_cpu_seconds_total"] > before["process_cpu_seconds_total"] > 0
    assert after["process_start_time_seconds"] == 1_800_000_000.0
    assert after["process_max_fds"] >= after["process_open_fds"]
    assert after["process_resident_memory_bytes"] > 1_000_000


async def test_a_blocked_loop_is_seen() -> None:
    registry = Registry()
    lag = LoopLag(registry, every=0.01)
    time.sleep(0.06)  # noqa: ASYNC251 - it is the loop that is to be blocked
    await until(lambda: values(registry)[NAME] >= 0.04, "the lag was observed")
    lag.close()
    await asyncio.sleep(0)


NAME = "mcpgateway_event_loop_lag_seconds"
