"""One call of a REST tool over several requests: asked again, page by page, within its time."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from mcpgateway.common.errors import Unavailable, UpstreamTimeout
from mcpgateway.common.routing.model import Tool, Upstream
from mcpgateway.common.routing.rest_request import Pagination, RestRequest
from mcpgateway.common.runtime.http.client import Timeouts
from mcpgateway.data_plane.upstreams.faults import TokenRefused
from mcpgateway.data_plane.upstreams.request import UpstreamRequest
from mcpgateway.data_plane.upstreams.rest.answer_reader import MAX_BODY
from mcpgateway.data_plane.upstreams.rest.client import RestClient
from mcpgateway.data_plane.upstreams.rest.rest_call import Times
from support.http_client import FakeHttp, Sent
from support.sinks import MODERN, RecordingSink


class Timer:
    """Rings when the test says so."""

    def __init__(self, seconds: float, act: Callable[[], None]) -> None:
        self.seconds = seconds
        self.act = act
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Rig:
    def __init__(self, method: str = "GET", timeout_ms: int = 0, **more: Any) -> None:
        request = RestRequest(url="https://a.example/x", method=method, **more)  # type: ignore[arg-type]
        self.tool = Tool(
            "t", "", "t", "t", request=msgspec.json.encode(request), timeout_ms=timeout_ms
        )
        self.http = FakeHttp()
        self.time = 100.0
        self.timers: list[Timer] = []
        self.counted: list[str] = []
        self.sink = RecordingSink()
        times = Times(lambda: self.time, lambda: 0.0, lambda: 1.0, self._later)
        self.client = RestClient(self.http, Timeouts(), self.counted.append, times=times)

    def _later(self, seconds: float, act: Callable[[], None]) -> Any:
        self.timers.append(Timer(seconds, act))
        return self.timers[-1]

    def send(self, arguments: bytes = b"{}", *, safe: bool = True, **upstream: Any) -> Any:
        record = Upstream("t", "Api", "rest:a", "https://a.example/x", "OPENAPI", **upstream)
        params = {"arguments": msgspec.Raw(arguments)}
        asked = UpstreamRequest(record, MODERN, 7, "tools/call", params, safe=safe)
        return self.client.send(asked, self.tool, self.sink)

    def ring(self) -> Sent:
        """What goes out when the last wait is over."""
        timer = self.timers[-1]
        self.time += timer.seconds
        timer.act()
        return self.http.sent[-1]

    @property
    def last(self) -> Sent:
        return self.http.sent[-1]

    @property
    def result(self) -> Any:
        return self.sink.answered["result"]


def test_a_service_that_is_busy_is_asked_again_when_it_says() -> None:
    rig = Rig()
    rig.send()
    rig.last.respond(503, "text/plain", b"busy", (b"retry-after", b"2"))
    assert rig.sink.calls == []
    assert rig.timers[-1].seconds == 2
    rig.ring().json({"a": 1})
    assert rig.result["structuredContent"] == {"a": 1}
    assert rig.counted == ["5xx", "2xx"]


def test_it_is_asked_again_a_few_times_only() -> None:
    rig = Rig(retries=1)
    rig.send()
    rig.last.respond(503, "text/plain", b"busy")
    rig.ring().respond(503, "text/plain", b"busy still")
    assert "busy still" in rig.result["content"][0]["text"]
    assert len(rig.http.sent) == 2


@pytest.mark.parametrize(("status", "again"), [(429, True), (503, False), (500, False)])
def test_what_is_not_harmless_is_sent_again_only_where_it_was_not_taken(
    status: int, again: bool
) -> None:
    rig = Rig("POST")
    rig.send(safe=False)
    rig.last.respond(status, "text/plain", b"no")
    assert bool(rig.timers) is again
    assert bool(rig.sink.calls) is not again


def test_a_wait_that_is_longer_than_the_calls_time_is_not_begun() -> None:
    rig = Rig(timeout_ms=1500)
    rig.send()
    rig.last.respond(503, "text/plain", b"", (b"retry-after", b"2"))
    assert "come back later (2)" in rig.result["content"][0]["text"]


def test_a_second_request_has_what_is_left_of_the_calls_time() -> None:
    rig = Rig(timeout_ms=3000)
    rig.send()
    rig.last.respond(503, "text/plain", b"", (b"retry-after", b"2"))
    timeouts = rig.ring().timeouts
    assert timeouts is not None
    assert (timeouts.total, timeouts.first_byte) == (1.0, 1.0)


def test_who_gives_up_while_the_call_waits_is_not_answered_nor_asked_again() -> None:
    rig = Rig()
    ticket = rig.send()
    rig.last.respond(503, "text/plain", b"")
    ticket.cancel()
    assert rig.timers[-1].cancelled
    assert rig.sink.calls == []


def test_who_gives_up_ends_the_request() -> None:
    rig = Rig()
    rig.send().cancel()
    assert rig.last.cancelled


PAGED = Pagination(style="cursor", items="/items", next="/next", parameter="after", max_pages=3)


def test_all_pages_are_one_answer() -> None:
    rig = Rig(pagination=PAGED)
    rig.send(b'{"sort":"name"}')
    rig.last.json({"items": [1, 2], "next": "b"})
    assert rig.last.request_line == "GET /x?sort=name&after=b HTTP/1.1"
    rig.last.json({"items": [3], "next": None})
    assert rig.result["structuredContent"] == {"items": [1, 2, 3], "next": None}
    assert len(rig.result["content"]) == 1


def test_after_the_most_pages_the_model_is_told_how_to_go_on() -> None:
    rig = Rig(pagination=PAGED, query_mapping={"cursor": "after"})
    rig.send()
    for cursor in ("b", "c", "d"):
        rig.last.json({"items": [cursor], "next": cursor})
    assert len(rig.http.sent) == 3
    assert rig.result["structuredContent"]["items"] == ["b", "c", "d"]
    assert "call again with 'cursor' \"d\"" in rig.result["content"][1]["text"]


@pytest.mark.parametrize("how", ["status", "lost", "unlike", "huge"])
def test_a_page_that_fails_leaves_those_before_it(how: str) -> None:
    rig = Rig(pagination=PAGED)
    rig.send()
    rig.last.json({"items": [1], "next": "b"})
    match how:
        case "status":
            rig.last.respond(500, "text/plain", b"")
        case "lost":
            rig.last.fail(UpstreamTimeout("late"))
        case "unlike":
            rig.last.json({"other": 1})
        case _:
            rig.last.start(200, "application/json")
            rig.last.receiver.chunk(b"x" * MAX_BODY)
    assert not rig.result["isError"]
    assert rig.result["structuredContent"] == {"items": [1], "next": "b"}
    assert "page 2 failed" in rig.result["content"][1]["text"]


def test_a_first_answer_that_is_no_page_is_shown_as_it_is() -> None:
    rig = Rig(pagination=PAGED)
    rig.send()
    rig.last.json({"other": 1})
    assert rig.result["structuredContent"] == {"other": 1}


def test_a_pool_that_closes_between_two_pages_is_ours_to_tell() -> None:
    rig = Rig(pagination=PAGED)
    rig.send()
    rig.last.json({"items": [1], "next": "b"})
    rig.last.fail(Unavailable("closing"))
    assert isinstance(rig.sink.error, Unavailable)


def test_a_token_that_is_refused_is_a_matter_between_caller_and_upstream() -> None:
    rig = Rig()
    rig.send(tokens="oauth")
    rig.last.respond(
        403,
        "text/plain",
        b"",
        (b"www-authenticate", b'Bearer error="insufficient_scope", scope="w"'),
    )
    assert isinstance(rig.sink.error, TokenRefused)
    assert rig.sink.error.scopes == ("w",)


def test_a_refusal_without_tokens_is_the_tools_result() -> None:
    rig = Rig()
    rig.send()
    rig.last.respond(401, "text/plain", b"")
    assert "credentials" in rig.result["content"][0]["text"]
