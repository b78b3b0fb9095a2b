"""Repeated heads: what is compared instead of parsed must mean what parsing would have said."""

from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from mcpgateway.common.errors import GatewayError
from mcpgateway.common.runtime.http.client import Origin
from mcpgateway.common.runtime.http.exchange import Headers, ServerLimits
from mcpgateway.common.runtime.http.head_prediction import HeadPredictor, pattern_of
from mcpgateway.common.runtime.http.passage import Passage, PassageListener
from mcpgateway.common.runtime.http.pool import Pool
from mcpgateway.common.runtime.http.request_head import Refused
from mcpgateway.common.runtime.http.request_parser import RequestParser
from mcpgateway.common.runtime.http.server_counts import ServerCounts
from mcpgateway.common.runtime.http.server_exchange import ServerExchange
from mcpgateway.common.runtime.http.websocket import WebSocket, WebSocketListener
from support.http import BadServer, Recorder, ScriptedApp, answers, talking

HEAD = b"POST /mcp?a=b HTTP/1.1\r\nHost: a\r\nContent-Length: %b\r\nX: y\r\n\r\n"


def post(body: bytes) -> bytes:
    return HEAD % str(len(body)).encode() + body


class Heard:
    """A RequestUser: what it was told, in words that compare."""

    writable = True

    def __init__(self) -> None:
        self.counts = ServerCounts()
        self.told: list[Any] = []
        self.exchanges: list[ServerExchange] = []

    def request_begun(self, exchange: ServerExchange) -> None:
        self.exchanges.append(exchange)
        line = (exchange.method, exchange.target, exchange.path, exchange.query)
        flags = (exchange.persistent, exchange.http10, exchange.expects_continue)
        self.told.append((line, list(exchange.headers), exchange.declared, flags))

    def request_data(self, data: bytes) -> None:
        if isinstance(self.told[-1], bytes):
            data = self.told.pop() + data
        self.told.append(data)

    def request_complete(self) -> None:
        self.told.append("complete")

    def request_whole(self, exchange: ServerExchange, body: bytes) -> None:
        self.request_begun(exchange)
        if body:
            self.request_data(body)
        self.request_complete()

    def take_over(self, rest: bytes) -> bool:
        return False

    def switch(
        self, exchange: ServerExchange, headers: Headers, listener: WebSocketListener
    ) -> WebSocket | None:
        return None

    def pass_on(
        self, exchange: ServerExchange, headers: Headers, listener: PassageListener
    ) -> Passage | None:
        return None

    def send(self, data: bytes) -> None:
        raise AssertionError("nothing is answered here")

    def send_pieces(self, pieces: Sequence[bytes]) -> None:
        raise AssertionError("nothing is answered here")

    def may_persist(self, exchange: ServerExchange) -> bool:
        return True

    def ended(self, exchange: ServerExchange) -> None: ...

    def abort(self) -> None: ...

    def date(self) -> bytes:
        return b""


def heard(*reads: bytes) -> Heard:
    """What a parser tells of these reads."""
    user = Heard()
    parser = RequestParser(user, ServerLimits())
    for data in reads:
        try:
            parser.feed(data)
        except Refused as refusal:
            user.told.append((refusal.status, refusal.text))
            break
    parser.close()
    return user


SECOND = [
    post(b"other"),
    post(b"a longer body than the one before"),
    post(b""),
    post(b"four") + post(b"more"),
    post(b"four") + b"GET / HT",
    post(b"cut off")[:-1],
    HEAD % b"+4" + b"four",
    HEAD % b"04" + b"four",
    HEAD % b"4 " + b"four",
    HEAD % b"4, 4" + b"four",
    HEAD % b"4\r\nContent-Length: 4" + b"four",
    HEAD % b"4\r\nTransfer-Encoding: chunked" + b"four",
    HEAD % b"99999999999999999999" + b"four",
    HEAD % b"" + b"four",
    HEAD.replace(b"POST", b"PUT") % b"4" + b"four",
    HEAD.replace(b"Host: a", b"Host: b") % b"4" + b"four",
    HEAD.replace(b"Host: a", b"Hose: a") % b"4" + b"four",
    HEAD.replace(b"X: y", b"Connection: close") % b"4" + b"four",
    HEAD.replace(b"X: y", b"Expect: 100-continue") % b"4" + b"four",
    b"\r\n" + post(b"four"),
    b"NONSENSE\r\n\r\n",
]


@pytest.mark.parametrize("second", SECOND)
def test_a_request_after_a_similar_one_is_understood_as_if_it_were_the_first(second: bytes) -> None:
    first = post(b"body")
    alone = heard(second).told
    assert heard(first, second).told[3:] == alone
    assert heard(first, first, second).told[6:] == alone


@given(st.data())
def test_one_changed_byte_is_noticed_wherever_it_is(data: st.DataObject) -> None:
    first = post(b"body")
    at = data.draw(st.integers(0, len(first) - 1))
    byte = data.draw(st.integers(0, 255))
    second = first[:at] + bytes([byte]) + first[at + 1 :]
    assert heard(first, second).told[3:] == heard(second).told


@pytest.mark.parametrize(
    "first",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST / HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
        b"POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n"
        b"Content-Length: 1\r\n\r\nx",
    ],
)
def test_a_request_of_any_other_kind_is_understood_each_time_alike(first: bytes) -> None:
    told = heard(first).told
    assert heard(first, first, first).told == told * 3


def test_a_head_in_two_reads_is_no_pattern_for_the_next() -> None:
    first = post(b"body")
    assert heard(first[:30], first[30:], first).told == heard(first).told * 2


def test_requests_with_one_head_share_what_was_noted_of_it() -> None:
    same = heard(post(b"a"), post(b"bcd"))
    assert same.exchanges[0].notes is same.exchanges[1].notes
    assert same.exchanges[1].header(b"content-length") == b"3"
    other = heard(post(b"a"), post(b"a").replace(b"X: y", b"X: z"))
    assert other.exchanges[0].notes is not other.exchanges[1].notes


def test_a_message_with_two_lengths_or_none_is_no_pattern() -> None:
    assert pattern_of(b"HTTP/1.1 200 OK\r\n\r\n", 0, [], 99) is None
    twice = b"A\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx"
    assert pattern_of(twice, 1, [], 99) is None


def test_a_connection_whose_heads_differ_always_is_learnt_from_rarely() -> None:
    predictor = HeadPredictor(99)
    for number in range(100):
        once = b"A\r\nN: %d\r\nContent-Length: 1\r\n\r\nx" % number
        assert predictor.body_start(once) == 0
        predictor.learn(once, 1, [])
    again = b"A\r\nContent-Length: 1\r\n\r\nx"
    tries = 0
    while not predictor.body_start(again):
        predictor.learn(again, 1, [])
        tries += 1
    assert 1 < tries < 100


def replies(*numbers: int) -> Iterable[bytes]:
    for number in numbers:
        body = b"x" * number
        yield b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nN: 1\r\n\r\n%b" % (number, body)


async def test_responses_with_one_head_are_told_as_they_are() -> None:
    async with BadServer(answers(*replies(3, 3, 5, 0))) as server:
        pool = Pool()
        for number in (3, 3, 5, 0):
            recorder = Recorder()
            head = b"POST / HTTP/1.1\r\nhost: a\r\n"
            pool.send(Origin("http", "127.0.0.1", server.port), head, b"{}", recorder)
            await recorder.finished()
            assert (recorder.status, recorder.body) == (200, b"x" * number)
            assert (b"content-length", b"%d" % number) in recorder.headers
        await pool.aclose()


async def test_a_receiver_that_fails_on_a_repeated_head_hears_of_its_bug() -> None:
    class Failing(Recorder):
        @override
        def chunk(self, data: bytes) -> None:
            raise ValueError("no")

    async with BadServer(answers(*replies(3, 3))) as server:
        pool = Pool()
        errors: list[GatewayError | None] = []
        for recorder in (Recorder(), Failing()):
            head = b"POST / HTTP/1.1\r\nhost: a\r\n"
            pool.send(Origin("http", "127.0.0.1", server.port), head, b"{}", recorder)
            await recorder.finished()
            errors.append(recorder.error)
        await pool.aclose()
    assert [str(error) for error in errors] == ["None", "the response could not be taken"]


async def test_a_repeated_head_is_still_held_against_the_body_limit() -> None:
    async with talking(ScriptedApp(limit=4)) as client:
        for body, status in ((b"1234", 200), (b"1234", 200), (b"12345", 413)):
            client.send(post(body))
            assert (await client.response()).status == status


def test_line_ends_behind_a_body_do_not_move_where_the_next_body_begins() -> None:
    told = heard(post(b"hello") + b"\r\n", HEAD % b"5" + b"heWORLD").told
    assert b"WORLD" not in told  # the length says that the body is heWOR


TRACED = b"POST / HTTP/1.1\r\nHost: a\r\nTraceParent:%b\r\nX: y\r\nContent-Length: %d\r\n%b\r\n%b"


def traced(trace: bytes, body: bytes = b"body", more: bytes = b"") -> bytes:
    return TRACED % (trace, len(body), more, body)


@pytest.mark.parametrize(
    "second",
    [
        traced(b" 00-2"),
        traced(b""),
        traced(b"\t00-2 \t", b"another"),
        traced(b" \x80\xff"),
        traced(b" a\0b"),
        traced(b" a\x7fb"),
        traced(b" a\rb"),
        traced(b" a\nb"),
        traced(b" a\r\n b"),
        traced(b" a\r\nHost: b"),
        traced(b" a\r\nTransfer-Encoding: chunked"),
        traced(b" a")[:-1],
        traced(b" a") + b"GET / HT",
        traced(b" a").replace(b"X: y", b"X: z"),
        traced(b" a").replace(b"TraceParent:", b"TraceParent :"),
        traced(b" " + b"x" * 2_000),
        traced(b" " + b"x" * 40_000),
    ],
)
def test_a_value_that_varies_is_understood_as_if_its_head_were_the_first(second: bytes) -> None:
    first = traced(b" 00-1")
    alone = heard(second).told
    assert heard(first, second).told[3:] == alone
    assert heard(first, first, second).told[6:] == alone


@given(st.binary(max_size=40))
def test_whatever_is_in_the_place_of_a_varying_value_is_understood_alike(value: bytes) -> None:
    first, second = traced(b" 00-1"), traced(value)
    assert heard(first, second).told[3:] == heard(second).told


def test_heads_that_differ_in_what_varies_share_their_notes() -> None:
    same = heard(traced(b" 1"), traced(b" 22"))
    assert same.exchanges[0].notes is same.exchanges[1].notes
    assert same.exchanges[1].header(b"traceparent") == b"22"


def test_heads_that_grow_over_the_limit_by_what_varies_are_left_to_the_parser() -> None:
    first, second = traced(b" 1"), traced(b" " + b"x" * 500)
    pattern = pattern_of(first, 4, [], 300)
    assert pattern is not None
    assert pattern.body_start(first) > 0
    assert pattern.body_start(second) == 0
