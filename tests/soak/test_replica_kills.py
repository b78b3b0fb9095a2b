"""Long: replicas behind a front are killed at random while clients of both eras read and write.

SOAK_KILLS (default 1000) says how many die; a thousand take about 8 minutes on two cores. The seed
is printed; SOAK_SEED repeats a run.
"""

import os
import random
import time
from pathlib import Path

from support.counting_server import counting_server
from support.herd import Herd, herd_of
from support.ledger import Ledger, ledger_of
from support.suite import running_suite
from support.wait import until

KILLS = int(os.environ.get("SOAK_KILLS", "1000"))
SEED = int(os.environ.get("SOAK_SEED", str(random.randrange(2**32))))
CLIENTS = 16
REPLICAS = 4
ALL_AT_ONCE = 0.05  # how often every replica dies, not one


async def kill_some(herd: Herd, ledger: Ledger, chosen: random.Random) -> None:
    """After some calls more, of whoever is alive then; up's own first replica lives on."""
    done = ledger.reads + chosen.randrange(5, 60)
    await until(lambda: ledger.reads > done and bool(herd.alive), "calls go on", 60)
    victims = herd.alive if chosen.random() < ALL_AT_ONCE else [chosen.choice(herd.alive)]
    for pid in victims:
        herd.kill(pid)


async def test_no_read_is_lost_and_no_write_runs_twice_in_so_many_kills(tmp_path: Path) -> None:
    chosen = random.Random(SEED)
    print(f"SOAK_SEED={SEED}")
    begun = time.monotonic()
    options = ("--front", "--no-admin")
    async with running_suite(tmp_path / "data", *options) as suite, counting_server() as upstream:
        await suite.register("counting", upstream.url)
        async with herd_of(suite, REPLICAS) as herd, ledger_of(suite, CLIENTS) as ledger:
            await until(lambda: ledger.sessions == CLIENTS, "all clients are connected")
            while herd.kills < KILLS and not ledger.failures:
                await kill_some(herd, ledger, chosen)
        took = time.monotonic() - begun
    print(
        f"{herd.kills} kills in {took:.0f} s: {ledger.reads} reads answered, "
        f"{len(ledger.told)} writes, of which {ledger.unknown} of unknown outcome"
    )
    assert ledger.wrong(upstream.written) == []
    assert ledger.sessions == CLIENTS, "a client had to begin a new session"
