"""What is known of processes, and when another is started."""

import pytest

from mcpgateway.common.errors import Unavailable
from mcpgateway.runner.stdio.watching import (
    CRASHES_COUNT,
    MOST_CHARACTERS,
    MOST_LINES,
    Watch,
)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watch(clock: Clock) -> Watch:
    made = Watch("u", clock)
    made.begin("clock", 3)
    return made


def crash(watch: Watch, pid: int = 7) -> None:
    watch.starting()
    watch.started(pid)
    watch.exited(pid, "the stdio server exited with status 1", asked=False)


def test_after_the_first_crash_there_is_a_start_at_once(watch: Watch) -> None:
    crash(watch)
    watch.starting()


def test_then_there_is_a_wait_that_doubles(watch: Watch, clock: Clock) -> None:
    crash(watch)
    crash(watch)
    with pytest.raises(Unavailable, match=r"crashed 2 times .* status 1; .* again in 1 s"):
        watch.starting()
    clock.now += 1.0
    crash(watch)
    clock.now += 1.0
    with pytest.raises(Unavailable, match="again in 1 s"):
        watch.starting()
    clock.now += 1.0
    watch.starting()


def test_after_too_many_there_is_none_until_they_are_over(watch: Watch, clock: Clock) -> None:
    for _ in range(4):
        crash(watch)
        clock.now += 20.0
    with pytest.raises(Unavailable, match="again in 220 s"):
        watch.starting()
    clock.now = 1000.0 + CRASHES_COUNT
    watch.starting()


def test_an_end_that_was_asked_for_is_no_crash(watch: Watch) -> None:
    for _ in range(10):
        watch.starting()
        watch.started(7)
        watch.exited(7, "the stdio server exited with status 0", asked=True)
    watch.starting()
    assert watch.shown()["crashes"] == 0


def test_another_version_has_not_crashed_yet(watch: Watch) -> None:
    crash(watch)
    crash(watch)
    watch.begin("clock", 3)
    watch.starting()


def test_lines_are_kept_as_they_end(watch: Watch) -> None:
    watch.started(7)
    watch.said(7, b"one\ntw")
    watch.said(7, b"o\r\n\nthree")
    assert [each["line"] for each in watch.shown()["stderr"]] == ["one", "two"]
    watch.exited(7, "gone", asked=True)
    assert [each["line"] for each in watch.shown()["stderr"]] == ["one", "two", "three"]


def test_lines_of_two_processes_do_not_mix(watch: Watch) -> None:
    for pid in (7, 8):
        watch.started(pid)
        watch.said(pid, b"a")
    for pid in (7, 8):
        watch.said(pid, b"%d\n" % pid)
    assert [(each.pid, each.line) for each in watch.said_lines] == [(7, "a7"), (8, "a8")]


def test_what_is_kept_has_bounds(watch: Watch) -> None:
    watch.started(7)
    watch.said(7, b"x" * 100_000)
    watch.said(7, b"y\n" * (2 * MOST_LINES))
    assert len(watch.said_lines) == MOST_LINES
    watch.said(7, b"z" * (2 * MOST_CHARACTERS) + b"\n")
    assert len(watch.said_lines[-1].line) == MOST_CHARACTERS


def test_bytes_that_are_no_text_are_shown_all_the_same(watch: Watch) -> None:
    watch.started(7)
    watch.said(7, b"\xff\xfe\n")
    assert watch.said_lines[-1].line == "\ufffd\ufffd"


def test_what_runs_is_told(watch: Watch, clock: Clock) -> None:
    watch.started(7)
    clock.now += 2.5
    shown = watch.shown()
    assert shown["processes"] == [{"pid": 7, "startedAt": 1000.0, "seconds": 2.5}]
    assert (shown["starts"], shown["lastExit"]) == (1, None)
    watch.exited(7, "gone", asked=False)
    assert watch.shown()["lastExit"] == {"at": 1002.5, "pid": 7, "reason": "gone", "asked": False}
