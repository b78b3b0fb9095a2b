"""One process: what it can not do, and what becomes of it."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mcpgateway.common.content.jobs import Check, Checked, Failed, Render, Rendered
from mcpgateway.common.content.limits import LIMITS
from mcpgateway.common.runtime.rendering.process import Died, TookTooLong, WorkerProcess
from support.suite import descendants

FINE = Render(("{{ 'a'|upper }}",), {}, 100)
FOR_EVER = Render(
    ("{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",), {}, 9
)


@pytest.fixture
async def process() -> AsyncIterator[WorkerProcess]:
    made = WorkerProcess(LIMITS._replace(seconds=0.5))
    yield made
    await made.aclose()


def children() -> list[int]:
    return [
        pid
        for pid in descendants(os.getpid())
        if b"rendering.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


async def test_it_starts_with_the_first_question_and_goes_on(process: WorkerProcess) -> None:
    assert children() == []
    assert await process.ask(FINE) == Rendered(("A",))
    first = children()
    assert len(first) == 1
    checked = await process.ask(Check(("{{ b }}",)))
    assert isinstance(checked, Checked)
    assert checked.found[0].names == ("b",)
    assert children() == first


async def test_one_that_takes_too_long_is_killed_and_replaced(process: WorkerProcess) -> None:
    with pytest.raises(TookTooLong):
        await process.ask(FOR_EVER)
    assert children() == []
    assert await process.ask(FINE) == Rendered(("A",))


async def test_one_that_used_up_its_memory_is_replaced() -> None:
    process = WorkerProcess(LIMITS._replace(seconds=30))
    text = "{% set x = 'a' * 1000000 %}" + "{% set x = x ~ x %}" * 12
    try:
        reply = await process.ask(Render((text,), {}, 100))
        assert reply == Failed("takes too much memory", spent=True)
        assert await process.ask(FINE) == Rendered(("A",))
    finally:
        await process.aclose()


async def test_one_that_ends_by_itself_is_missed_and_replaced(process: WorkerProcess) -> None:
    await process.ask(FINE)
    os.kill(children()[0], 9)
    with pytest.raises(Died):
        await process.ask(FINE)
    assert await process.ask(FINE) == Rendered(("A",))


async def test_it_has_no_environment_no_other_descriptors_and_little_to_use(
    process: WorkerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_SECRET", "not for templates")
    await process.ask(FINE)
    of = Path(f"/proc/{children()[0]}")
    names = {line.partition(b"=")[0] for line in (of / "environ").read_bytes().split(b"\0")}
    assert names <= {b"PYTHONPATH", b"LC_CTYPE", b""}
    assert {fd.name for fd in (of / "fd").iterdir()} <= {"0", "1", "2"}
    limits = {
        line[:26].strip(): line[26:].split()[0]
        for line in (of / "limits").read_text().splitlines()[1:]
    }
    assert limits["Max open files"] == "3"
    assert limits["Max processes"] == "0"
    assert limits["Max file size"] == "0"
    assert limits["Max core file size"] == "0"
    assert limits["Max address space"] == str(LIMITS.memory)
    assert limits["Max cpu time"].isdigit()
