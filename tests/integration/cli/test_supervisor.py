"""The supervisor with small stand-in children: real processes, real signals."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mcpgateway.cli.embedded import lifeline
from mcpgateway.cli.embedded.process import Command
from mcpgateway.cli.up.supervisor import Part, Supervisor
from support.wait import until

BLOCK = "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])"
SERVE = "signal.sigwait([signal.SIGTERM])"
DEAF = "signal.pause()"  # SIGTERM stays blocked


class Bench:
    """A supervisor, what it said, and where its children leave traces."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[str] = []
        self.supervisor = Supervisor(lifeline.choose(), self.said.append)

    def part(self, name: str, code: str, stage: int = 0, patience: float = 10.0) -> Part:
        """A child that leaves its process id in a file of its name once it runs `code`."""
        trace = self.folder / name
        leave = f"import os; open({str(trace)!r}, 'a').write(f'{{os.getpid()}}\\n')"
        command = Command(
            name=name,
            argv=(sys.executable, "-c", f"{BLOCK}\n{leave}\n{code}"),
            env={},
            log=self.folder / f"{name}.log",
            stop=((signal.SIGTERM, patience),),
        )
        return Part(command, stage)

    def pids(self, name: str) -> list[int]:
        trace = self.folder / name
        return [int(line) for line in trace.read_text().split()] if trace.exists() else []

    async def runs(self, name: str, times: int) -> int:
        """The process id of the n-th run, once it is there."""
        await until(lambda: len(self.pids(name)) >= times, f"run {times} of {name}")
        return self.pids(name)[times - 1]

    async def stop(self, *, hurry: bool = False) -> None:
        event = asyncio.Event()
        if hurry:
            event.set()
        await self.supervisor.stop(event)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    made = Bench(tmp_path)
    yield made
    await made.stop(hurry=True)


def alive(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


async def test_a_child_that_is_killed_is_started_again_and_it_says_so(bench: Bench) -> None:
    bench.supervisor.start(bench.part("child", SERVE))
    bench.supervisor.settled()
    os.kill(await bench.runs("child", 1), signal.SIGKILL)
    await bench.runs("child", 2)
    assert bench.said == ["child ended (SIGKILL); starting it again in 0.2 s"]


async def test_a_child_that_keeps_dying_is_started_at_growing_intervals(bench: Bench) -> None:
    bench.supervisor.settled()
    bench.supervisor.start(bench.part("child", "raise SystemExit(5)"))
    await bench.runs("child", 4)
    assert bench.said[:3] == [
        f"child ended (exit status 5); starting it again in {pause} s" for pause in (0.2, 0.4, 0.8)
    ]
    assert not bench.supervisor.failed.is_set()


async def test_wrong_settings_end_the_start_with_the_childs_own_words(bench: Bench) -> None:
    code = "import sys; print('PORT must be a number', file=sys.stderr); sys.exit(2)"
    bench.supervisor.start(bench.part("child", code))
    async with asyncio.timeout(30):
        await bench.supervisor.failed.wait()
    assert bench.supervisor.problem == (
        "child does not start (exit status 2):\nPORT must be a number"
    )
    assert len(bench.pids("child")) == 1


async def test_a_child_that_can_not_start_is_given_up_after_three_tries(bench: Bench) -> None:
    bench.supervisor.start(bench.part("child", "raise SystemExit(1)"))
    async with asyncio.timeout(30):
        await bench.supervisor.failed.wait()
    assert len(bench.pids("child")) == 3


async def test_a_program_that_is_not_there_is_named(bench: Bench) -> None:
    command = Command(name="ghost", argv=("/no/such/program",), env={"PATH": "/usr/bin"})
    bench.supervisor.start(Part(command, 0))
    async with asyncio.timeout(30):
        await bench.supervisor.failed.wait()
    assert "ghost" in bench.supervisor.problem


async def test_the_highest_stage_has_ended_before_the_next_is_told_to(bench: Bench) -> None:
    order = bench.folder / "order"
    for stage, name in enumerate(("database", "broker", "service")):
        mark = f"{SERVE}; open({str(order)!r}, 'a').write('{name} ')"
        bench.supervisor.start(bench.part(name, mark, stage))
        await bench.runs(name, 1)
    await bench.stop()
    assert order.read_text() == "service broker database "


async def test_a_child_that_ignores_the_signal_is_killed_after_its_deadline(bench: Bench) -> None:
    bench.supervisor.start(bench.part("deaf", DEAF, patience=0.3))
    pid = await bench.runs("deaf", 1)
    await bench.stop()
    assert not alive(pid)
    assert bench.said == ["deaf does not stop; killing it"]


async def test_a_second_signal_cuts_the_deadlines_short(bench: Bench) -> None:
    bench.supervisor.start(bench.part("deaf", DEAF, patience=3600))
    pid = await bench.runs("deaf", 1)
    async with asyncio.timeout(30):
        await bench.stop(hurry=True)
    assert not alive(pid)


async def test_a_restart_replaces_the_process_at_once(bench: Bench) -> None:
    bench.supervisor.start(bench.part("service", SERVE, stage=2))
    bench.supervisor.start(bench.part("database", SERVE, stage=0))
    first = await bench.runs("service", 1)
    await bench.runs("database", 1)
    bench.supervisor.restart(at_least=1)
    assert await bench.runs("service", 2) != first
    assert len(bench.pids("database")) == 1
    assert bench.said == []


async def test_stopping_while_a_child_waits_to_be_started_again_starts_nothing(
    bench: Bench,
) -> None:
    bench.supervisor.settled()
    bench.supervisor.start(bench.part("child", "raise SystemExit(5)"))
    await bench.runs("child", 1)
    await bench.stop()
    assert "child" not in {task.get_name() for task in asyncio.all_tasks()}
