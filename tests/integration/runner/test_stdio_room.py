"""Stdio servers as a runner runs them: real processes, judged, limited, watched and ended."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from mcpgateway.common import keys, tickets
from mcpgateway.common.processes import Process, StdioTicket
from mcpgateway.common.tickets import Ticket
from mcpgateway.runner.stdio.room import FRESH
from support.exchange import RecordingExchange
from support.runner import PROGRAM, RING, SCRIPT, Asker, alive, stdio_room
from support.stdio_server import COMMAND
from support.wait import until


@pytest.fixture
async def asker(tmp_path: Path) -> AsyncIterator[Asker]:
    async with stdio_room(tmp_path) as made:
        yield made


def shown(pid: int, what: str) -> str:
    return Path(f"/proc/{pid}/{what}").read_text()


def words(pid: int, what: str) -> list[bytes]:
    return Path(f"/proc/{pid}/{what}").read_bytes().rstrip(b"\0").split(b"\0")


def folder(pid: int) -> Path:
    return Path(f"/proc/{pid}/cwd").readlink()


async def test_all_who_share_a_server_have_one_process(asker: Asker) -> None:
    ticket = asker.ticket()
    pids = {(await asker.result(ticket, "pid"))["pid"] for _ in range(3)}
    assert pids == set(asker.pids)
    assert len(pids) == 1


async def test_each_session_has_a_process_where_that_is_asked_for(asker: Asker) -> None:
    ticket = asker.ticket(instances="session")
    sessions = [await asker.session(ticket) for _ in range(2)]
    pids = [(await asker.result(ticket, "pid", session=each))["pid"] for each in sessions]
    assert len(set(pids)) == 2
    assert set(pids) == set(asker.pids)


async def test_each_caller_has_a_process_where_that_is_asked_for(asker: Asker) -> None:
    ticket = asker.ticket(instances="principal")
    names = ("ada@example.com", "bob@example.com", "ada@example.com")
    pids = [(await asker.result(ticket, "pid", caller=name))["pid"] for name in names]
    assert pids[0] == pids[2] != pids[1]
    assert asker.watched()["callers"] == ["ada@example.com", "bob@example.com"]
    assert (refused := asker.send(ticket, b"{}")).status == 400
    assert b"none was named" in refused.answer


async def test_there_are_as_many_callers_as_there_may_be(asker: Asker) -> None:
    ticket = asker.ticket(instances="principal", max_processes=1)
    await asker.result(ticket, "pid", caller="ada")
    refused = asker.send(ticket, b"{}", (b"x-caller", b"bob"))
    assert (refused.status, refused.sent_headers[b"retry-after"]) == (503, b"5")


async def test_processes_of_all_together_have_a_limit(tmp_path: Path) -> None:
    async with stdio_room(tmp_path, most=1) as asker:
        await asker.result(asker.ticket(), "pid")
        second = asker.ticket("u2")
        refused = asker.send(second, b'{"jsonrpc":"2.0","id":1,"method":"pid"}', upstream="u2")
        assert refused.status == 503
        assert b"MCPGATEWAY_STDIO_MAX_PROCESSES" in refused.answer


async def test_a_process_knows_what_it_was_told_and_nothing_of_ours(
    asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MCPGATEWAY_RUNNER_KEY", "ours")
    ticket = asker.ticket(env={"API_KEY": "theirs"})
    pid = (await asker.result(ticket, "pid"))["pid"]
    found = dict(each.split(b"=", 1) for each in words(pid, "environ"))
    home = str(asker.home / "u1").encode()
    assert found.pop(b"API_KEY") == b"theirs"
    assert found == {
        b"PATH": b"/usr/bin:/bin",
        b"HOME": home,
        b"TMPDIR": home,
        b"LANG": b"C.UTF-8",
    }
    assert folder(pid) == asker.home / "u1"
    assert (asker.home / "u1").stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(sys.platform != "linux", reason="prctl and /proc are Linux's")
async def test_a_process_is_limited_before_it_is_anything_else(asker: Asker) -> None:
    ticket = asker.ticket(memory_mb=64, open_files=99, cpu_seconds=1000)
    pid = (await asker.result(ticket, "pid"))["pid"]
    limits = shown(pid, "limits")
    lines = {line[:26].strip(): line[26:].split()[:2] for line in limits.splitlines()}
    assert lines["Max data size"] == [str(64 * 1024 * 1024)] * 2
    assert lines["Max open files"] == ["99", "99"]
    assert lines["Max cpu time"] == ["1000", "1005"]
    assert lines["Max core file size"] == ["0", "0"]
    status = shown(pid, "status")
    assert "NoNewPrivs:\t1" in status
    assert "CapEff:\t0000000000000000" in status  # of root, too
    assert os.getpgid(pid) == pid


async def test_a_server_that_wants_more_memory_than_it_may_have_fails_alone(
    tmp_path: Path,
) -> None:
    script = "import sys; sys.stdin.readline(); x = bytearray(512 * 1024 * 1024)"
    async with stdio_room(tmp_path, f"{sys.executable} ...") as asker:
        ticket = asker.ticket(command=sys.executable, args=("-c", script), memory_mb=64)
        answer = await asker.ask(ticket, "pid")
        assert "status 1" in answer["error"]["message"]
        assert any("MemoryError" in each["line"] for each in asker.watched()["stderr"])


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"command": "/bin/sh", "args": ("-c", "id")}, "not name it"),
        ({"command": "python3"}, "not name it"),
        ({"args": ("-c", "print()", "x")}, "argument 1 is none"),
        ({"args": ()}, "argument 1 is missing"),
        ({"env": {"LD_PRELOAD": "/tmp/x.so"}}, "LD_PRELOAD"),
        ({"env": {"PYTHONPATH": "/tmp"}}, "PYTHONPATH"),
        ({"env": {"A=B": "c"}}, "A=B"),
        ({"cwd": "/etc"}, "MCPGATEWAY_STDIO_FOLDERS"),
    ],
)
async def test_what_the_operator_did_not_allow_is_never_started(
    asker: Asker, said: dict[str, Any], why: str
) -> None:
    refused = asker.send(asker.ticket(**said), b"{}")
    assert refused.status == 403
    assert why in json.loads(refused.answer)["error"]["message"]
    assert asker.watched()["starts"] == 0


async def test_words_of_a_shell_are_words_of_arguments(asker: Asker, tmp_path: Path) -> None:
    made = tmp_path / "made by a shell"
    args = (*SCRIPT, f"; touch '{made}'", f"$(touch '{made}')", "&&", "|")
    ticket = asker.ticket(args=args)
    pid = (await asker.result(ticket, "pid"))["pid"]
    assert tuple(word.decode() for word in words(pid, "cmdline")) == (PROGRAM, *args)
    assert not made.exists()


async def test_a_folder_that_is_a_link_out_of_the_allowed_ones_is_refused(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "out").symlink_to("/etc")
    async with stdio_room(tmp_path, folders=(inside,)) as asker:
        pid = (await asker.result(asker.ticket(cwd=str(inside)), "pid"))["pid"]
        assert folder(pid) == inside
        assert asker.send(asker.ticket(cwd=str(inside / "out")), b"{}").status == 403


def requests(asker: Asker, text: bytes | None) -> RecordingExchange:
    headers = () if text is None else ((tickets.HEADER, text),)
    exchange = RecordingExchange(path="/stdio/u1/mcp", headers=headers)
    assert asker.room.head(exchange) is None
    return exchange


async def test_without_a_ticket_of_the_control_plane_nothing_is_done(asker: Asker) -> None:
    process = Process(PROGRAM, tuple(SCRIPT))
    ticket = StdioTicket(upstream="u1", issued=time.time(), process=process)
    of_others = keys.runner_ring(("another secret",), "local", "default")
    forged = tickets.make(of_others, "stdio", ticket, bytes(12))
    elsewhere = asker.ticket("u2")
    other_purpose = tickets.make(RING, "watch", Ticket("u1", time.time()), bytes(12))
    for text in (None, b"", b"\xff", forged.encode(), elsewhere.encode(), other_purpose.encode()):
        assert requests(asker, text).status == 401
    assert asker.watched()["starts"] == 0


@pytest.mark.parametrize("path", ["/stdio", "/stdio/../x/mcp", "/stdio/u1/mcp/x", "/stdio/%2e/mcp"])
async def test_other_paths_are_not_there(asker: Asker, path: str) -> None:
    exchange = RecordingExchange(path=path)
    assert asker.room.head(exchange) is None
    assert exchange.status == 404


async def test_an_older_ticket_brings_no_older_command_back(asker: Asker) -> None:
    older, newer = asker.ticket(issued=1.0), asker.ticket(issued=2.0, memory_mb=900)
    first = (await asker.result(older, "pid"))["pid"]
    second = (await asker.result(newer, "pid"))["pid"]
    assert first != second
    between = asker.ticket(issued=1.5, memory_mb=800)
    refused = asker.send(between, b"{}")
    assert refused.status == 403
    assert b"former version" in refused.answer


async def test_what_was_ended_is_not_started_by_tickets_from_before(asker: Asker) -> None:
    ticket = asker.ticket(issued=1.0)
    pid = (await asker.result(ticket, "pid"))["pid"]
    assert asker.ours("end").status == 200
    await until(lambda: not alive(pid), "the process ends")
    refused = asker.send(ticket, b"{}")
    assert refused.status == 403
    assert b"disabled or deleted" in refused.answer
    again = asker.ticket(issued=time.time() + 1)
    assert (await asker.result(again, "pid"))["pid"] != pid


async def test_what_was_stopped_is_started_by_the_next_call(asker: Asker) -> None:
    ticket = asker.ticket()
    pid = (await asker.result(ticket, "pid"))["pid"]
    asker.ours("stop")
    await until(lambda: not alive(pid), "the process ends")
    assert (await asker.result(ticket, "pid"))["pid"] != pid


async def test_looking_and_ending_need_a_ticket_that_is_fresh_and_for_that(asker: Asker) -> None:
    pid = (await asker.result(asker.ticket(), "pid"))["pid"]
    for late in (-FRESH - 5, FRESH + 5):
        assert asker.ours("end", time.time() + late).status == 401
    assert asker.ours("end", sealed="watch").status == 401
    assert asker.ours("stop", sealed="watch").status == 401
    assert asker.ours("watch", sealed="stop").status == 401
    assert alive(pid)


async def test_a_crash_is_answered_and_the_next_call_starts_anew(asker: Asker) -> None:
    ticket = asker.ticket()
    first = (await asker.result(ticket, "pid"))["pid"]
    crashed = await asker.ask(ticket, "crash")
    assert "status 3" in crashed["error"]["message"]
    assert (await asker.result(ticket, "pid"))["pid"] != first
    watched = asker.watched()
    assert (watched["starts"], watched["crashes"]) == (2, 1)
    assert watched["lastExit"]["reason"] == "the stdio server exited with status 3"


async def test_what_crashes_again_and_again_is_left_alone(asker: Asker) -> None:
    ticket = asker.ticket(max_restarts=1)
    for _ in range(2):
        await asker.ask(ticket, "crash")
    answer = await asker.ask(ticket, "pid")
    assert "crashed 2 times" in answer["error"]["message"]
    assert asker.watched()["starts"] == 2


async def test_a_program_that_can_not_be_executed_says_why(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x7fELF no program")
    broken.chmod(0o755)
    async with stdio_room(tmp_path, str(broken)) as asker:
        answer = await asker.ask(asker.ticket(command=str(broken), args=()), "pid")
        assert "status 126" in answer["error"]["message"]
        assert any("can not start" in each["line"] for each in asker.watched()["stderr"])


async def test_nothing_is_left_of_a_server_that_does_not_want_to_end(tmp_path: Path) -> None:
    script = (
        "import os, signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import signal, time; "
        "signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)'])\n"
        "print(child.pid, file=sys.stderr, flush=True)\n"
        "time.sleep(600)\n"
    )
    async with stdio_room(tmp_path, f"{sys.executable} ...") as asker:
        ticket = asker.ticket(command=sys.executable, args=("-c", script))
        asker.send(ticket, b'{"jsonrpc":"2.0","id":1,"method":"pid"}')
        await until(lambda: bool(asker.watched()["stderr"]), "it says the id of its child")
        child = int(asker.watched()["stderr"][0]["line"])
        pids = [*asker.pids, child]
        assert all(alive(pid) for pid in pids)
    await until(lambda: not any(alive(pid) for pid in pids), "all of them end")


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")
def test_no_process_outlives_a_runner_that_is_killed(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from support.runner import stdio_room\n"
        "async def main():\n"
        "    async with stdio_room(Path(sys.argv[1])) as asker:\n"
        "        print((await asker.result(asker.ticket(), 'pid'))['pid'], flush=True)\n"
        "        await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    runner = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert runner.stdout is not None
    with runner.stdout:
        pid = int(runner.stdout.readline())
        runner.send_signal(signal.SIGKILL)
        runner.wait(30)
    deadline = time.monotonic() + 30
    while alive(pid):
        assert time.monotonic() < deadline


async def test_what_speaks_the_new_era_is_served_in_it(asker: Asker) -> None:
    ticket = asker.ticket(args=(*SCRIPT, "--modern"))
    exchange = asker.modern(ticket, "pid")
    await until(lambda: exchange.ended, "an answer")
    assert exchange.status == 200
    assert json.loads(exchange.answer)["result"]["pid"] in asker.pids


def test_a_command_is_what_the_tests_allow() -> None:
    assert COMMAND.split() == [PROGRAM, *SCRIPT]
