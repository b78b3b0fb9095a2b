"""Calls that a cancellation can find."""

from mcpgateway.data_plane.parked.owners import Alone
from mcpgateway.data_plane.pipeline.inflight import InFlight


class Recorder:
    def __init__(self) -> None:
        self.reasons: list[str] = []

    def cancel(self, reason: str) -> None:
        self.reasons.append(reason)


def test_only_the_named_call_of_the_named_session_is_cancelled() -> None:
    calls = InFlight(Alone("a"))
    number, text, other = Recorder(), Recorder(), Recorder()
    calls.add(("s", 7), number.cancel)
    calls.add(("s", "7"), text.cancel)
    calls.add(("t", 7), other.cancel)
    calls.cancel(("s", 7))
    calls.cancel(("s", 8))
    assert (len(number.reasons), text.reasons, other.reasons) == (1, [], [])


def test_a_call_that_is_over_is_found_no_more() -> None:
    calls, call = InFlight(Alone("a")), Recorder()
    calls.add(("s", 7), call.cancel)
    calls.remove(("s", 7))
    calls.remove(("s", 7))
    calls.cancel(("s", 7))
    assert (len(calls), call.reasons) == (0, [])


def test_a_call_is_taken_over_by_another_canceller_only_where_it_is_still_there() -> None:
    calls = InFlight(Alone("a"))
    first, second, late = Recorder(), Recorder(), Recorder()
    calls.add(("s", 7), first.cancel)
    calls.replace(("s", 7), first.cancel, second.cancel)
    calls.replace(("s", 7), first.cancel, late.cancel)
    calls.replace(("s", 8), first.cancel, late.cancel)
    calls.cancel(("s", 7))
    assert (first.reasons, len(second.reasons), late.reasons, len(calls)) == ([], 1, [], 1)
