"""Translate's HTTP rules, asked of the application itself with real child processes behind it."""

import json
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from mcpgateway.common import sse
from mcpgateway.translate.app import Translator
from mcpgateway.translate.options import Serve
from support.exchange import RecordingExchange
from support.stdio_server import COMMAND
from support.wait import until

_ACCEPT = (b"accept", b"application/json, text/event-stream")
_META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}


@asynccontextmanager
async def _translator(*flags: str, **options: Any) -> AsyncIterator[Translator]:
    app = Translator(Serve(command=(*COMMAND.split(), *flags), **options))
    try:
        yield app
    finally:
        await app.aclose()


def _send(app: Translator, exchange: RecordingExchange) -> RecordingExchange:
    if app.head(exchange) is not None:
        app.handle(exchange)
    return exchange


async def _done(exchange: RecordingExchange) -> RecordingExchange:
    await until(lambda: exchange.ended, f"an answer to {exchange.body!r}")
    return exchange


def _message(method: str, params: Any = None, id: Any = 1) -> bytes:
    message = {"jsonrpc": "2.0", "method": method, "params": params or {}}
    if id is not None:
        message["id"] = id
    return json.dumps(message).encode()


def _legacy(
    method: str, params: Any = None, id: Any = 1, session: str = "", accept: bytes = _ACCEPT[1]
) -> RecordingExchange:
    headers = [(b"accept", accept)]
    if session:
        headers.append((b"mcp-session-id", session.encode()))
    return RecordingExchange(headers=headers, body=_message(method, params, id))


def _modern(method: str, params: Any = None, id: Any = 1) -> RecordingExchange:
    full = {"_meta": _META, **(params or {})}
    headers = [
        _ACCEPT,
        (b"mcp-protocol-version", b"2026-07-28"),
        (b"mcp-method", method.encode()),
    ]
    return RecordingExchange(headers=headers, body=_message(method, full, id))


def _events(exchange: RecordingExchange) -> list[Any]:
    found = sse.Parser().feed(exchange.answer)
    return [json.loads(event.data) for event in found if event.event == "message"]


async def _session(app: Translator) -> str:
    opening = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {}}
    opened = await _done(_send(app, _legacy("initialize", opening)))
    assert opened.status == 200
    session = opened.sent_headers[b"mcp-session-id"].decode()
    assert _send(app, _legacy("notifications/initialized", id=None, session=session)).status == 202
    return session


async def _result(app: Translator, exchange: RecordingExchange) -> Any:
    answered = await _done(_send(app, exchange))
    assert answered.status == 200, answered.answer
    return json.loads(answered.answer)["result"]


async def test_each_legacy_session_has_a_server_of_its_own() -> None:
    async with _translator() as app:
        pids = set()
        for _ in range(3):
            session = await _session(app)
            found = await _result(app, _legacy("pid", session=session))
            assert found["initialized"]
            pids.add(found["pid"])
        assert len(pids) == 3


async def test_ids_and_numbers_come_back_as_they_were_sent() -> None:
    async with _translator() as app:
        session = await _session(app)
        for id in (7, "7", 2**53 + 1):
            answer = await _done(_send(app, _legacy("echo", {"n": 1e3}, id, session)))
            assert json.loads(answer.answer)["id"] == id


async def test_progress_comes_before_the_response_on_the_stream_of_its_request() -> None:
    async with _translator() as app:
        session = await _session(app)
        params = {"_meta": {"progressToken": "mine"}}
        answered = await _done(_send(app, _legacy("progress", params, 5, session)))
        assert answered.sent_headers[b"content-type"] == b"text/event-stream"
        progress, response = _events(answered)
        assert progress["params"]["progressToken"] == "mine"
        assert response["id"] == 5


async def test_a_server_can_ask_its_client_and_hear_the_answer() -> None:
    async with _translator() as app:
        session = await _session(app)
        asking = _send(app, _legacy("ask", id="q", session=session))
        await until(lambda: len(_events(asking)) == 1, "the question")
        assert _events(asking)[0]["method"] == "sampling/createMessage"
        body = b'{"jsonrpc":"2.0","id":"ask-1","result":{"text":"yes"}}'
        headers = [_ACCEPT, (b"mcp-session-id", session.encode())]
        assert _send(app, RecordingExchange(headers=headers, body=body)).status == 202
        await _done(asking)
        assert _events(asking)[1]["result"] == {"told": {"text": "yes"}}


async def test_what_belongs_to_no_request_waits_for_the_get_stream() -> None:
    async with _translator() as app:
        session = await _session(app)
        accept = b"application/json"  # this client takes no stream as an answer
        await _done(_send(app, _legacy("change", session=session, accept=accept)))
        stream = RecordingExchange("GET", headers=[(b"mcp-session-id", session.encode())])
        _send(app, stream)
        assert [event["method"] for event in _events(stream)] == [
            "notifications/tools/list_changed"
        ]
        second = RecordingExchange("GET", headers=[(b"mcp-session-id", session.encode())])
        assert _send(app, second).status == 409


async def test_a_crash_is_told_and_the_next_request_finds_a_server_that_is_initialized() -> None:
    async with _translator() as app:
        session = await _session(app)
        before = await _result(app, _legacy("pid", session=session))
        crashed = await _done(_send(app, _legacy("crash", id=9, session=session)))
        error = json.loads(crashed.answer)
        assert error["id"] == 9
        assert "exited with status 3" in error["error"]["message"]
        after = await _result(app, _legacy("pid", session=session))
        assert after["pid"] != before["pid"]
        assert after["initialized"]


async def test_a_deleted_session_is_unknown_and_its_server_ends() -> None:
    async with _translator() as app:
        session = await _session(app)
        pid = (await _result(app, _legacy("pid", session=session)))["pid"]
        header = [(b"mcp-session-id", session.encode())]
        assert _send(app, RecordingExchange("DELETE", headers=header)).status == 204
        assert _send(app, _legacy("pid", session=session)).status == 404
        await until(lambda: not _alive(pid), "the server ended")


async def test_a_server_that_ignores_every_hint_is_killed() -> None:
    async with _translator("--deaf") as app:
        session = await _session(app)
        pid = (await _result(app, _legacy("pid", session=session)))["pid"]
    assert not _alive(pid)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_an_unused_session_ends_and_one_with_a_stream_stays() -> None:
    async with _translator(idle=0.0) as app:
        unused, streaming = await _session(app), await _session(app)
        stream = RecordingExchange("GET", headers=[(b"mcp-session-id", streaming.encode())])
        _send(app, stream)
        await until(lambda: _swept(app, unused), "the unused session ended")
        assert _send(app, _legacy("echo", session=streaming)).status != 404


def _swept(app: Translator, session: str) -> bool:
    app.sweep()
    return _send(app, _legacy("notifications/x", id=None, session=session)).status == 404


async def test_an_unused_shared_server_ends_and_frees_its_place() -> None:
    pairs = (("x-who", "WHO"),)
    async with _translator("--modern", header_to_env=pairs, idle=0.0, max_children=1) as app:
        for who in (b"ann", b"ben"):
            asked = _modern("pid")
            asked.headers.append((b"x-who", who))
            pid = (await _result(app, asked))["pid"]
            app.sweep()
            await until(lambda pid=pid: not _alive(pid), "the server ended")


async def test_one_client_too_many_is_refused_with_the_reason() -> None:
    async with _translator(max_children=1) as app:
        session = await _session(app)
        refused = _send(app, _legacy("initialize", {"protocolVersion": "2025-11-25"}))
        assert refused.status == 503
        assert b"--max-children" in refused.answer
        assert b"retry-after" in refused.sent_headers
        sse_client = _send(app, RecordingExchange("GET", "/sse"))
        assert sse_client.status == 503
        header = [(b"mcp-session-id", session.encode())]
        _send(app, RecordingExchange("DELETE", headers=header))
        await until(lambda: _opened(app), "the place is free again")


def _opened(app: Translator) -> bool:
    return _send(app, _legacy("initialize", {"protocolVersion": "2025-11-25"})).status != 503


async def test_the_sse_endpoint_is_absolute_and_answers_come_on_the_stream() -> None:
    async with _translator() as app:
        stream = RecordingExchange("GET", "/sse", [(b"host", b"localhost:8003")])
        _send(app, stream)
        first = sse.Parser().feed(stream.answer)[0]
        assert first.event == "endpoint"
        named = re.fullmatch(
            rb"http://localhost:8003/message\?(session_id=[0-9a-f]{32})", first.data
        )
        assert named is not None
        query = named[1].decode()
        posted = RecordingExchange("POST", "/message", body=_message("echo", {"a": 1}), query=query)
        assert _send(app, posted).status == 202
        await until(lambda: len(_events(stream)) == 1, "the answer")
        assert _events(stream)[0]["result"] == {"a": 1}
        app.keep_alive()
        assert b"event: keepalive\n" in stream.answer
        stream.leave()
        late = RecordingExchange("POST", "/message", body=_message("echo"), query=query)
        assert _send(app, late).status == 404


async def test_modern_clients_share_a_server_and_keep_their_ids() -> None:
    async with _translator("--modern") as app:
        first = await _result(app, _modern("pid", id="same"))
        second = await _result(app, _modern("pid", id="same"))
        assert first["pid"] == second["pid"]
        both = [
            _send(app, _modern("progress", {"_meta": {**_META, "progressToken": 1}}, id="same"))
            for _ in range(2)
        ]
        for answered in both:
            await _done(answered)
            progress, response = _events(answered)
            assert progress["params"]["progressToken"] == 1
            assert response["id"] == "same"


async def test_a_modern_client_that_hangs_up_cancels_its_request() -> None:
    async with _translator("--modern") as app:
        hanging = _send(app, _modern("hang"))
        await until(lambda: hanging.started, "the server hangs")
        hanging.leave()
        found = await _result(app, _modern("cancelled"))
        assert len(found["cancelled"]) == 1


async def test_a_legacy_client_that_hangs_up_cancels_nothing() -> None:
    async with _translator() as app:
        session = await _session(app)
        hanging = _send(app, _legacy("hang", id="h", session=session))
        await until(lambda: hanging.started, "the server hangs")
        hanging.leave()
        found = await _result(app, _legacy("cancelled", session=session))
        assert found["cancelled"] == []


async def test_a_subscription_is_named_by_its_clients_own_id() -> None:
    async with _translator("--modern") as app:
        listening = _send(app, _modern("subscriptions/listen", id="mine"))
        await until(lambda: len(_events(listening)) == 1, "the acknowledgement")
        meta = _events(listening)[0]["params"]["_meta"]
        assert meta == {"io.modelcontextprotocol/subscriptionId": "mine"}


async def test_a_shared_server_can_not_ask_its_clients() -> None:
    async with _translator("--modern") as app:
        found = await _result(app, _modern("ask"))
        assert found["told"]["code"] == -32601


async def test_a_server_without_discover_makes_modern_clients_fall_back() -> None:
    async with _translator() as app:
        probed = await _done(_send(app, _modern("server/discover")))
        assert probed.status == 400
        assert json.loads(probed.answer)["error"]["code"] == -32601
        refused = _send(app, _modern("tools/list"))
        assert refused.status == 400
        assert b"send initialize" in refused.answer
        await _session(app)


async def test_modern_errors_set_the_status_and_legacy_ones_do_not() -> None:
    async with _translator("--modern") as app:
        assert (await _done(_send(app, _modern("nothing")))).status == 404
        session = await _session(app)
        assert (await _done(_send(app, _legacy("nothing", session=session)))).status == 200


async def test_modern_headers_must_mirror_the_body() -> None:
    async with _translator("--modern") as app:
        exchange = _modern("echo")
        exchange.headers[2] = (b"mcp-method", b"other")
        assert json.loads(_send(app, exchange).answer)["error"]["code"] == -32020


async def test_stateless_clients_share_a_server_that_is_initialized_once() -> None:
    async with _translator(stateless=True) as app:
        first = await _result(app, _legacy("pid"))
        assert first["initialized"]
        for version in ("2025-06-18", "2025-11-25"):
            opened = await _done(
                _send(app, _legacy("initialize", {"protocolVersion": version}, id="i"))
            )
            assert b"mcp-session-id" not in opened.sent_headers
            answer = json.loads(opened.answer)
            assert (answer["id"], answer["result"]["protocolVersion"]) == ("i", version)
        assert (await _result(app, _legacy("pid")))["pid"] == first["pid"]
        crashed = await _done(_send(app, _legacy("crash")))
        assert "exited" in json.loads(crashed.answer)["error"]["message"]
        again = await _result(app, _legacy("pid"))
        assert again["initialized"]
        assert again["pid"] != first["pid"]


async def test_json_response_never_answers_with_a_stream() -> None:
    async with _translator(json_response=True) as app:
        session = await _session(app)
        answered = await _done(_send(app, _legacy("log", session=session)))
        assert answered.sent_headers[b"content-type"] == b"application/json"


async def test_a_clients_header_becomes_a_variable_of_its_server_only() -> None:
    pairs = (("x-who", "WHO"),)
    async with _translator("--modern", header_to_env=pairs) as app:
        for who in (b"ann", b"ben", None):
            asked = _modern("env", {"name": "WHO"})
            if who is not None:
                asked.headers.append((b"x-who", who))
            found = await _result(app, asked)
            assert found["value"] == (who.decode() if who else None)


async def test_noise_on_standard_output_hurts_nobody() -> None:
    async with _translator("--modern") as app:
        assert await _result(app, _modern("noise")) == {}


async def test_a_program_that_is_not_there_is_named_in_the_error() -> None:
    app = Translator(Serve(command=("/no/such/program",)))
    opened = await _done(_send(app, _legacy("initialize", {"protocolVersion": "2025-11-25"})))
    message = json.loads(opened.answer)["error"]["message"]
    assert "/no/such/program" in message
    assert "No such file" in message
    await app.aclose()


async def test_a_reader_that_never_catches_up_is_cut_off() -> None:
    async with _translator() as app:
        stream = RecordingExchange("GET", "/sse")
        _send(app, stream)
        query = sse.Parser().feed(stream.answer)[0].data.decode().partition("?")[2]
        stream.clog()
        big = {"data": "x" * 3_000_000}
        for id in range(8):
            body = _message("echo", big, id)
            _send(app, RecordingExchange("POST", "/message", body=body, query=query))
        await until(lambda: stream.aborted, "the stream was cut off")


@pytest.mark.parametrize(
    ("exchange", "status", "says"),
    [
        (RecordingExchange("GET", "/healthz"), 200, "ok"),
        (RecordingExchange("GET", "/nowhere"), 404, "/mcp, /message, /sse"),
        (RecordingExchange("PUT", "/mcp"), 405, "/mcp takes DELETE, GET, POST"),
        (RecordingExchange("GET", "/mcp"), 405, "Mcp-Session-Id"),
        (RecordingExchange(body=b"{"), 400, "not JSON"),
        (RecordingExchange(body=b"[]"), 400, "not a JSON-RPC message"),
        (_legacy("echo"), 400, "Mcp-Session-Id is missing"),
        (_legacy("echo", session="gone"), 404, "send initialize"),
        (RecordingExchange("POST", "/message", body=_message("echo")), 404, "no such session"),
        (RecordingExchange("GET", "/sse", [(b"origin", b"https://evil.example")]), 403, "--cors"),
    ],
)
async def test_what_can_not_be_served_is_refused_with_the_reason(
    exchange: RecordingExchange, status: int, says: str
) -> None:
    async with _translator() as app:
        answered = _send(app, exchange)
        assert answered.status == status
        assert says in answered.answer.decode()


async def test_pages_that_cors_names_may_ask() -> None:
    async with _translator("--modern", origins=("https://app.example",)) as app:
        exchange = _modern("echo")
        exchange.headers.append((b"origin", b"https://app.example"))
        await _done(_send(app, exchange))
        assert exchange.sent_headers[b"access-control-allow-origin"] == b"https://app.example"
        asked = [
            (b"origin", b"https://app.example"),
            (b"access-control-request-headers", b"mcp-method"),
        ]
        preflight = _send(app, RecordingExchange("OPTIONS", headers=asked))
        assert preflight.status == 204
        assert preflight.sent_headers[b"access-control-allow-headers"] == b"mcp-method"
