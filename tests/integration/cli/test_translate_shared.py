"""Translate's modern and stateless clients share a server; what it refuses and survives."""

import json

import pytest

from mcpgateway.common import sse
from mcpgateway.common.runtime.stdio.app import Translator
from mcpgateway.common.runtime.stdio.options import Serve
from support.exchange import RecordingExchange
from support.translating import (
    META,
    done,
    events,
    legacy,
    message,
    modern,
    open_session,
    result,
    send,
    translator,
)
from support.wait import until


async def test_modern_clients_share_a_server_and_keep_their_ids() -> None:
    async with translator("--modern") as app:
        first = await result(app, modern("pid", id="same"))
        second = await result(app, modern("pid", id="same"))
        assert first["pid"] == second["pid"]
        both = [
            send(app, modern("progress", {"_meta": {**META, "progressToken": 1}}, id="same"))
            for _ in range(2)
        ]
        for answered in both:
            await done(answered)
            progress, response = events(answered)
            assert progress["params"]["progressToken"] == 1
            assert response["id"] == "same"


async def test_a_modern_client_that_hangs_up_cancels_its_request() -> None:
    async with translator("--modern") as app:
        hanging = send(app, modern("hang"))
        await until(lambda: hanging.started, "the server hangs")
        hanging.leave()
        found = await result(app, modern("cancelled"))
        assert len(found["cancelled"]) == 1


async def test_a_legacy_client_that_hangs_up_cancels_nothing() -> None:
    async with translator() as app:
        session = await open_session(app)
        hanging = send(app, legacy("hang", id="h", session=session))
        await until(lambda: hanging.started, "the server hangs")
        hanging.leave()
        found = await result(app, legacy("cancelled", session=session))
        assert found["cancelled"] == []


async def test_a_subscription_is_named_by_its_clients_own_id() -> None:
    async with translator("--modern") as app:
        listening = send(app, modern("subscriptions/listen", id="mine"))
        await until(lambda: len(events(listening)) == 1, "the acknowledgement")
        meta = events(listening)[0]["params"]["_meta"]
        assert meta == {"io.modelcontextprotocol/subscriptionId": "mine"}


async def test_a_shared_server_can_not_ask_its_clients() -> None:
    async with translator("--modern") as app:
        found = await result(app, modern("ask"))
        assert found["told"]["code"] == -32601


async def test_a_server_without_discover_makes_modern_clients_fall_back() -> None:
    async with translator() as app:
        probed = await done(send(app, modern("server/discover")))
        assert probed.status == 400
        assert json.loads(probed.answer)["error"]["code"] == -32601
        refused = send(app, modern("tools/list"))
        assert refused.status == 400
        assert b"send initialize" in refused.answer
        await open_session(app)


async def test_modern_errors_set_the_status_and_legacy_ones_do_not() -> None:
    async with translator("--modern") as app:
        assert (await done(send(app, modern("nothing")))).status == 404
        session = await open_session(app)
        assert (await done(send(app, legacy("nothing", session=session)))).status == 200


async def test_modern_headers_must_mirror_the_body() -> None:
    async with translator("--modern") as app:
        exchange = modern("echo")
        exchange.headers[2] = (b"mcp-method", b"other")
        assert json.loads(send(app, exchange).answer)["error"]["code"] == -32020


async def test_stateless_clients_share_a_server_that_is_initialized_once() -> None:
    async with translator(stateless=True) as app:
        first = await result(app, legacy("pid"))
        assert first["initialized"]
        for version in ("2025-06-18", "2025-11-25"):
            opened = await done(
                send(app, legacy("initialize", {"protocolVersion": version}, id="i"))
            )
            assert b"mcp-session-id" not in opened.sent_headers
            answer = json.loads(opened.answer)
            assert (answer["id"], answer["result"]["protocolVersion"]) == ("i", version)
        assert (await result(app, legacy("pid")))["pid"] == first["pid"]
        crashed = await done(send(app, legacy("crash")))
        assert "exited" in json.loads(crashed.answer)["error"]["message"]
        again = await result(app, legacy("pid"))
        assert again["initialized"]
        assert again["pid"] != first["pid"]


async def test_json_response_never_answers_with_a_stream() -> None:
    async with translator(json_response=True) as app:
        session = await open_session(app)
        answered = await done(send(app, legacy("log", session=session)))
        assert answered.sent_headers[b"content-type"] == b"application/json"


async def test_a_clients_header_becomes_a_variable_of_its_server_only() -> None:
    pairs = (("x-who", "WHO"),)
    async with translator("--modern", header_to_env=pairs) as app:
        for who in (b"ann", b"ben", None):
            asked = modern("env", {"name": "WHO"})
            if who is not None:
                asked.headers.append((b"x-who", who))
            found = await result(app, asked)
            assert found["value"] == (who.decode() if who else None)


async def test_noise_on_standard_output_hurts_nobody() -> None:
    async with translator("--modern") as app:
        assert await result(app, modern("noise")) == {}


async def test_a_program_that_is_not_there_is_named_in_the_error() -> None:
    app = Translator(Serve(command=("/no/such/program",)))
    opened = await done(send(app, legacy("initialize", {"protocolVersion": "2025-11-25"})))
    message = json.loads(opened.answer)["error"]["message"]
    assert "/no/such/program" in message
    assert "No such file" in message
    await app.aclose()


async def test_a_reader_that_never_catches_up_is_cut_off() -> None:
    async with translator() as app:
        stream = RecordingExchange("GET", "/sse")
        send(app, stream)
        query = sse.Parser().feed(stream.answer)[0].data.decode().partition("?")[2]
        stream.clog()
        big = {"data": "x" * 3_000_000}
        for id in range(8):
            body = message("echo", big, id)
            send(app, RecordingExchange("POST", "/message", body=body, query=query))
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
        (legacy("echo"), 400, "Mcp-Session-Id is missing"),
        (legacy("echo", session="gone"), 404, "send initialize"),
        (RecordingExchange("POST", "/message", body=message("echo")), 404, "no such session"),
        (RecordingExchange("GET", "/sse", [(b"origin", b"https://evil.example")]), 403, "--cors"),
    ],
)
async def test_what_can_not_be_served_is_refused_with_the_reason(
    exchange: RecordingExchange, status: int, says: str
) -> None:
    async with translator() as app:
        answered = send(app, exchange)
        assert answered.status == status
        assert says in answered.answer.decode()


async def test_pages_that_cors_names_may_ask() -> None:
    async with translator("--modern", origins=("https://app.example",)) as app:
        exchange = modern("echo")
        exchange.headers.append((b"origin", b"https://app.example"))
        await done(send(app, exchange))
        assert exchange.sent_headers[b"access-control-allow-origin"] == b"https://app.example"
        asked = [
            (b"origin", b"https://app.example"),
            (b"access-control-request-headers", b"mcp-method"),
        ]
        preflight = send(app, RecordingExchange("OPTIONS", headers=asked))
        assert preflight.status == 204
        assert preflight.sent_headers[b"access-control-allow-headers"] == b"mcp-method"
