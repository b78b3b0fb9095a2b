"""Long: calls of both eras go on while processes are killed at random, over and over.

SOAK_SECONDS (default 600) says for how long. The seed is printed; SOAK_SEED repeats a run.
"""

import os
import random
import time
from pathlib import Path

from support.calls import calls_going_on, healed
from support.mcp_servers import mcp_server
from support.suite import running_suite

ROLES = ("control-plane", "nats-server", "bin/postgres", "admin")
SECONDS = float(os.environ.get("SOAK_SECONDS", "600"))
SEED = int(os.environ.get("SOAK_SEED", str(random.randrange(2**32))))


def rss(pid: int) -> int:
    """Resident memory in kB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


async def test_no_call_is_lost_and_no_memory_while_everything_else_is_killed(
    tmp_path: Path,
) -> None:
    chosen = random.Random(SEED)
    print(f"SOAK_SEED={SEED}")
    async with running_suite(tmp_path / "data", "--replicas", "2") as suite, mcp_server() as up:
        await suite.register("upstream", up.url)
        async with calls_going_on(suite, "/mcp") as calls:
            replicas = suite.pids("data-plane")
            await calls.after(500)
            before = {pid: rss(pid) for pid in replicas}
            end = time.monotonic() + SECONDS
            while time.monotonic() < end:
                role = chosen.choice(ROLES)
                killed = suite.kill(role)
                await calls.after(chosen.randrange(10, 300))
                await healed(suite, role, killed)
            assert suite.pids("data-plane") == replicas, "a replica died"
            grown = {pid: rss(pid) - before[pid] for pid in replicas}
        print(f"{calls.answered} calls answered, memory grew by {grown} kB")
        assert all(kb < 20_000 for kb in grown.values()), grown
