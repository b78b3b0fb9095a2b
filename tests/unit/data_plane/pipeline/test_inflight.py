"""Calls that a cancellation can find."""

import msgspec
import pytest
from typing_extensions import override

from mcpgateway.common import jsonrpc
from mcpgateway.data_plane.parked.owners import Alone, NoteListener
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


class Others(Alone):
    """Keeps what the other replicas are told, and can be told something by them."""

    def __init__(self) -> None:
        super().__init__("a")
        self.told: list[tuple[str, bytes]] = []
        self.listeners: dict[str, NoteListener] = {}

    @override
    def tell_all(self, kind: str, body: bytes) -> None:
        self.told.append((kind, body))

    @override
    def on_note(self, kind: str, listener: NoteListener) -> None:
        self.listeners[kind] = listener


def notification(method: str, **params: object) -> jsonrpc.Frame:
    return jsonrpc.decode_frame(jsonrpc.notification(method, msgspec.json.encode(params)))


def test_changed_roots_are_told_on_at_every_replica() -> None:
    others, heard = Others(), list[str]()
    calls = InFlight(others, heard.append)
    calls.notified("s", notification("notifications/roots/list_changed"))
    ((kind, body),) = others.told
    others.listeners[kind](body)
    assert heard == ["s", "s"]


def test_a_cancellation_is_told_on_and_any_other_notification_is_nobodys_business() -> None:
    others, call = Others(), Recorder()
    calls = InFlight(others)
    calls.add(("s", 7), call.cancel)
    calls.notified("s", notification("notifications/cancelled", requestId=7))
    assert len(call.reasons) == 1
    calls.notified("s", notification("notifications/initialized"))
    assert others.told == []
    calls.notified("s", notification("notifications/cancelled", requestId=8))
    assert len(others.told) == 1


@pytest.mark.parametrize("id", [2**64, -(2**63) - 1, "x" * (1 << 20)])
def test_an_id_that_fits_into_no_note_is_cancelled_here_and_told_to_nobody(id: int | str) -> None:
    others, call = Others(), Recorder()
    calls = InFlight(others)
    calls.add(("s", id), call.cancel)
    calls.notified("s", notification("notifications/cancelled", requestId=id))
    calls.remove(("s", id))
    calls.notified("s", notification("notifications/cancelled", requestId=id))
    assert (len(call.reasons), others.told) == (1, [])
