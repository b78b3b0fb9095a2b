"""Replicas behind a front die under their calls: no read is lost, no write runs twice."""

import os
import random
import signal
from pathlib import Path

from support.counting_server import counting_server
from support.ledger import ledger_of
from support.suite import Suite, running_suite
from support.wait import until

KILLS = 10


def usable(suite: Suite) -> list[int]:
    return suite.pids("data-plane")


async def test_replicas_killed_at_random_lose_no_read_and_repeat_no_write(tmp_path: Path) -> None:
    chosen = random.Random(7)
    options = ("--replicas", "3", "--front", "--no-admin")
    async with running_suite(tmp_path / "data", *options) as suite, counting_server() as upstream:
        await suite.register("counting", upstream.url)
        async with ledger_of(suite, clients=8) as ledger:
            await until(lambda: ledger.sessions == 8, "all clients are connected")
            for _ in range(KILLS):
                await until(lambda: len(usable(suite)) > 1, "two replicas run")
                done = ledger.reads
                await until(lambda done=done: ledger.reads > done + 20, "calls go on")
                os.kill(chosen.choice(usable(suite)), signal.SIGKILL)
            done = ledger.reads
            await until(lambda: ledger.reads > done + 100, "calls go on")
        assert ledger.wrong(upstream.written) == []
        assert ledger.sessions == 8
        assert ledger.told
