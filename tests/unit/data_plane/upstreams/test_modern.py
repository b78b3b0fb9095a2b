"""A modern upstream: what goes out, what comes back untouched, what is translated."""

import json
from typing import Any

import msgspec
import pytest

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import UpstreamRejected, UpstreamTimeout, UpstreamUnreachable
from mcpgateway.common.mcp.revisions import V2026_07_28
from mcpgateway.common.routing.build import build
from mcpgateway.common.runtime.http.client import Origin
from mcpgateway.data_plane.upstreams.clients import UpstreamClients
from mcpgateway.data_plane.upstreams.request import Client
from support.http_client import FakeHttp, UnreachableClient
from support.registries import tool
from support.sinks import LEGACY, MODERN, RecordingSink, ask, upstream

UPSTREAM = upstream()
COMPLETE = {"resultType": "complete", "content": []}
META = "io.modelcontextprotocol/"


class Rig:
    """Clients on a fake network whose upstream was seen to name its result types."""

    def __init__(self) -> None:
        self.http = FakeHttp()
        self.announced: list[str] = []
        self.clients = UpstreamClients(self.http, announced=self.announced.append)

    def learn(self) -> None:
        self.clients.send(ask(UPSTREAM), RecordingSink())
        self.http.sent.pop().result(COMPLETE)


@pytest.fixture
async def rig() -> Rig:
    rig = Rig()
    rig.learn()
    return rig


async def test_a_modern_call_goes_out_in_the_same_turn_with_its_id_params_and_headers(
    rig: Rig,
) -> None:
    request = ask(UPSTREAM, headers=((b"authorization", b"Bearer up"),), id="a")
    rig.clients.send(request, RecordingSink())
    sent = rig.http.sent[-1]
    assert sent.origin == Origin("http", "up", 9000)
    assert sent.request_line == "POST /mcp HTTP/1.1"
    assert sent.headers == {
        "host": "up:9000",
        "user-agent": "mcpgateway",
        "accept-encoding": "identity",
        "accept": "application/json, text/event-stream",
        "content-type": "application/json",
        "mcp-protocol-version": V2026_07_28,
        "mcp-method": "tools/call",
        "mcp-name": "echo",
        "authorization": "Bearer up",
    }
    assert sent.message["id"] == "a"
    assert sent.message["params"]["arguments"] == {"text": "hi"}
    assert sent.message["params"]["_meta"][META + "protocolVersion"] == V2026_07_28


async def test_a_small_answer_is_handed_over_untouched(rig: Rig) -> None:
    sink = RecordingSink()
    rig.clients.send(ask(UPSTREAM), sink)
    body = b'{"jsonrpc": "2.0", "id": 7, "result": {"resultType":"complete","n":1.10}}'
    rig.http.sent[-1].respond(200, "application/json", body)
    assert sink.calls == ["answer"]
    assert sink.raw == body


async def test_what_a_client_reads_is_kept_for_nobody_else(rig: Rig) -> None:
    """Who may read it is decided for each caller, whatever the upstream says of it."""
    sink = RecordingSink()
    request = ask(UPSTREAM, method="resources/read", params={"uri": "memo://a"})
    rig.clients.send(request, sink)
    body = b'{"resultType":"complete","contents":[],"ttlMs":9,"cacheScope":"public"}'
    rig.http.sent[-1].respond(200, "application/json", jsonrpc.response(7, body))
    assert sink.answered["result"]["cacheScope"] == "private"
    assert sink.answered["result"]["ttlMs"] == 9
    assert rig.clients.repeatable(request) is None


async def test_a_large_answer_is_relayed_chunk_by_chunk_without_the_upstreams_own_headers(
    rig: Rig,
) -> None:
    sink = RecordingSink()
    rig.clients.send(ask(UPSTREAM), sink)
    receiver = rig.http.sent[-1].receiver
    receiver.head(
        200,
        [
            (b"content-type", b"application/json"),
            (b"content-length", b"100000"),
            (b"set-cookie", b"a=b"),
            (b"mcp-session-id", b"x"),
        ],
    )
    receiver.chunk(b"x" * 60_000)
    assert sink.calls == ["relay_head", "relay_chunk"]
    receiver.chunk(b"x" * 40_000)
    receiver.done()
    assert sink.headers == {"content-type": "application/json", "content-length": "100000"}
    assert sink.relayed == b"x" * 100_000


async def test_an_answer_of_unknown_size_is_whole_while_it_is_small(rig: Rig) -> None:
    """Then one that breaks off is an error, and not half an answer."""
    body = b'{"jsonrpc": "2.0", "id": 7, "result": {}}\n'
    whole, broken = RecordingSink(), RecordingSink()
    for sink in (whole, broken):
        rig.clients.send(ask(UPSTREAM), sink)
        sent = rig.http.sent[-1]
        sent.start(200, "application/json")
        sent.receiver.chunk(body[:9])
        assert sink.calls == []
        if sink is whole:
            sent.receiver.chunk(body[9:])
            sent.end()
        else:
            sent.fail(UpstreamRejected("it closed the connection", outcome_unknown=True))
    assert (whole.calls, whole.raw) == (["answer"], body)
    assert broken.calls == ["failed"]


async def test_an_answer_of_unknown_size_is_relayed_from_where_it_is_large(rig: Rig) -> None:
    sink = RecordingSink()
    rig.clients.send(ask(UPSTREAM), sink)
    sent = rig.http.sent[-1]
    sent.start(200, "application/json")
    for _ in range(3):
        sent.receiver.chunk(b"x" * 30_000)
    assert sink.calls == ["relay_head", "relay_chunk"]
    sent.receiver.chunk(b"y")
    sent.end()
    assert sink.relayed == b"x" * 90_000 + b"y"


async def test_json_that_is_cut_off_is_no_answer(rig: Rig) -> None:
    sink = RecordingSink()
    rig.clients.send(ask(UPSTREAM), sink)
    rig.http.sent[-1].respond(200, "application/json", b'{"jsonrpc": "2.0", "id": 7, "res')
    assert isinstance(sink.error, UpstreamRejected)
    assert sink.error.outcome_unknown
    assert "cut off JSON" in sink.error.message


async def test_an_event_stream_is_relayed_as_it_comes(rig: Rig) -> None:
    sink = RecordingSink()
    rig.clients.send(ask(UPSTREAM), sink)
    sent = rig.http.sent[-1]
    sent.start(200, "text/event-stream")
    sent.receiver.chunk(b": hello\n\nda")
    sent.receiver.chunk(b"ta: 1\n\n")
    sent.end()
    assert sink.relayed == b": hello\n\ndata: 1\n\n"


FOREIGN = {"resultType": "com.example/report", "content": []}


def foreign(id: int, **result: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": id, "result": {**FOREIGN, **result}}).encode()


@pytest.mark.parametrize("learnt", [True, False])
async def test_a_result_of_an_extension_that_the_client_did_not_declare_is_refused(
    learnt: bool,
) -> None:
    rig = Rig()
    if learnt:
        rig.learn()
    sink = RecordingSink()
    rig.clients.send(ask(UPSTREAM), sink)
    rig.http.sent[-1].respond(200, "application/json", foreign(7))
    assert isinstance(sink.error, UpstreamRejected)
    assert "of type 'com.example/report', which this client did not declare" in sink.error.message


@pytest.mark.parametrize("learnt", [True, False])
async def test_a_result_of_an_extension_that_the_client_declared_is_its_own_to_read(
    learnt: bool,
) -> None:
    rig = Rig()
    if learnt:
        rig.learn()
    sink = RecordingSink()
    declared: dict[str, Any] = {"extensions": {"com.example/reports": {}}}
    capabilities = {META + "clientCapabilities": declared}
    rig.clients.send(ask(UPSTREAM, params={"name": "echo", "_meta": capabilities}), sink)
    rig.http.sent[-1].respond(200, "application/json", foreign(7))
    assert sink.answered["result"] == FOREIGN


async def test_a_relayed_stream_ends_before_a_result_that_its_client_did_not_declare(
    rig: Rig,
) -> None:
    sink = RecordingSink()
    rig.clients.send(ask(UPSTREAM), sink)
    sent = rig.http.sent[-1]
    sent.start(200, "text/event-stream")
    sent.receiver.chunk(b'data: {"jsonrpc":"2.0","method":"notifications/progress"}\n\n')
    sent.receiver.chunk(b"event: message\ndata: " + foreign(7) + b"\n\n")
    assert sink.calls == ["relay_head", "relay_chunk", "failed"]
    assert isinstance(sink.error, UpstreamRejected)
    assert sent.cancelled


async def test_an_upstream_that_forgets_the_result_type_is_decoded_and_completed() -> None:
    rig = Rig()
    for _ in range(2):
        sink = RecordingSink()
        rig.clients.send(ask(UPSTREAM), sink)
        rig.http.sent[-1].result({"content": [1.10]})
        assert sink.answered["result"] == {"resultType": "complete", "content": [1.10]}


@pytest.mark.parametrize(
    ("code", "status"), [(-32602, 400), (-32601, 404), (-32021, 400), (5, 400)]
)
async def test_an_error_under_an_error_status_reaches_the_modern_client_with_its_status(
    rig: Rig, code: int, status: int
) -> None:
    sink = RecordingSink()
    rig.clients.send(ask(UPSTREAM), sink)
    error = {"code": code, "message": "no", "data": {"uri": "x"}}
    rig.http.sent[-1].json({"jsonrpc": "2.0", "id": 7, "error": error}, status)
    assert sink.answered == {"jsonrpc": "2.0", "id": 7, "error": error}
    assert sink.status == (status if code < 0 else 200)


@pytest.mark.parametrize("status", [401, 403, 500, 503])
async def test_a_refusal_of_the_upstream_is_never_taken_for_the_gateways_own(
    rig: Rig, status: int
) -> None:
    sink = RecordingSink()
    rig.clients.send(ask(UPSTREAM), sink)
    rig.http.sent[-1].respond(status, "text/plain", b"secret words")
    assert isinstance(sink.error, UpstreamRejected)
    assert f"upstream 'time' answered {status}" in sink.error.message
    assert "secret" not in sink.error.message
    assert sink.error.outcome_unknown is (status == 500)


async def test_a_web_page_is_named_as_what_it_is(rig: Rig) -> None:
    sink = RecordingSink()
    rig.clients.send(ask(UPSTREAM), sink)
    rig.http.sent[-1].respond(200, "text/html; charset=utf-8", b"<html>")
    assert sink.error is not None
    assert "with text/html, expected application/json" in sink.error.message


async def test_a_redirect_is_not_followed_and_names_where_it_leads(rig: Rig) -> None:
    sink = RecordingSink()
    rig.clients.send(ask(UPSTREAM), sink)
    rig.http.sent[-1].respond(307, "", b"", (b"location", b"/mcp/"))
    assert sink.error is not None
    assert "'/mcp/'; redirects are not followed" in sink.error.message


async def test_an_error_of_the_way_names_the_upstream_and_keeps_its_kind(rig: Rig) -> None:
    sink = RecordingSink()
    rig.clients.send(ask(UPSTREAM), sink)
    rig.http.sent[-1].fail(UpstreamTimeout("no answer within 60 s"))
    assert isinstance(sink.error, UpstreamTimeout)
    assert sink.error.message == "upstream 'time': no answer within 60 s"


async def test_the_timeout_of_the_upstream_holds_for_the_first_byte(rig: Rig) -> None:
    rig.clients.send(ask(upstream(timeout_ms=1500)), RecordingSink())
    timeouts = rig.http.sent[-1].timeouts
    assert timeouts is not None
    assert timeouts.first_byte == 1.5


async def test_cancelling_closes_the_response(rig: Rig) -> None:
    ticket = rig.clients.send(ask(UPSTREAM), RecordingSink())
    ticket.cancel()
    assert rig.http.sent[-1].cancelled


async def test_a_name_that_no_header_can_hold_is_encoded(rig: Rig) -> None:
    rig.clients.send(ask(UPSTREAM, params={"name": "gruß\n"}), RecordingSink())
    assert rig.http.sent[-1].headers["mcp-name"] == "=?base64?Z3J1w58K?="


async def test_a_callers_header_can_not_forge_a_line_or_replace_the_gateways_own(rig: Rig) -> None:
    sink = RecordingSink()
    rig.clients.send(ask(UPSTREAM, headers=((b"x-a", b"1\r\nhost: evil"),)), sink)
    assert sink.error is not None
    assert "x-a" in sink.error.message
    rig.clients.send(ask(UPSTREAM, headers=((b"host", b"evil"),)), RecordingSink())
    assert rig.http.sent[-1].headers["host"] == "up:9000"


def legacy_call(rig: Rig, **more: Any) -> RecordingSink:
    sink = RecordingSink()
    rig.clients.send(ask(UPSTREAM, LEGACY, **more), sink)
    return sink


async def test_a_legacy_clients_call_gets_the_envelope_and_loses_nothing(rig: Rig) -> None:
    legacy_call(rig, params={"name": "echo", "_meta": {"progressToken": "p", "vendor/x": 1}})
    sent = rig.http.sent[-1]
    assert sent.headers["mcp-protocol-version"] == V2026_07_28
    assert sent.message["params"]["_meta"] == {
        "progressToken": "p",
        "vendor/x": 1,
        META + "protocolVersion": V2026_07_28,
        META + "clientCapabilities": {},
        META + "clientInfo": {"name": "mcpgateway", "version": "0"},
        META + "logLevel": "info",
    }


@pytest.mark.parametrize(
    ("client", "level"),
    [
        (msgspec.structs.replace(LEGACY, log_level="error"), "error"),
        (msgspec.structs.replace(LEGACY, session=""), None),  # where it could hear nothing
    ],
)
async def test_a_legacy_client_hears_the_log_messages_that_its_session_wants(
    rig: Rig, client: Client, level: str | None
) -> None:
    rig.clients.send(ask(UPSTREAM, client), RecordingSink())
    assert rig.http.sent[-1].message["params"]["_meta"].get(META + "logLevel") == level


async def test_arguments_that_the_tool_wants_mirrored_become_headers_for_legacy_clients(
    rig: Rig,
) -> None:
    schema = {"properties": {"region": {"type": "string", "x-mcp-header": "Region"}}}
    definition = json.dumps({"inputSchema": schema}).encode()
    params = {"name": "echo", "arguments": {"region": "eu"}}
    legacy_call(rig, params=params, definition=definition)
    assert rig.http.sent[-1].headers["mcp-param-region"] == "eu"


async def test_a_legacy_client_gets_results_and_errors_in_its_own_words_under_200(
    rig: Rig,
) -> None:
    sink = legacy_call(rig)
    rig.http.sent[-1].result({**COMPLETE, "structuredContent": [1, 2]})
    text = {"type": "text", "text": "[1, 2]"}
    assert sink.answered["result"] == {"content": [text]}
    sink = legacy_call(rig)
    error = {"code": -32601, "message": "no"}
    rig.http.sent[-1].json({"jsonrpc": "2.0", "id": 7, "error": error}, 404)
    assert (sink.status, sink.answered["error"]) == (200, error)


async def test_a_legacy_client_hears_progress_before_the_answer(rig: Rig) -> None:
    sink = legacy_call(rig, params={"name": "echo", "_meta": {"progressToken": "p"}})
    sent = rig.http.sent[-1]
    progress = {"progressToken": "p", "progress": 1}
    sent.start(200, "text/event-stream")
    sent.events({"jsonrpc": "2.0", "method": "notifications/progress", "params": progress})
    sent.events({"jsonrpc": "2.0", "id": 7, "result": COMPLETE})
    sent.end()
    assert sink.calls == ["message", "answer"]
    assert sink.messages[0]["params"] == progress


async def test_a_stream_that_stays_open_after_the_answer_is_not_waited_for(rig: Rig) -> None:
    sink = legacy_call(rig)
    sent = rig.http.sent[-1]
    sent.start(200, "text/event-stream")
    sent.events({"jsonrpc": "2.0", "id": 7, "result": COMPLETE}, {"late": True})
    assert sink.calls == ["answer"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{", "something else than JSON-RPC"),
        (b'{"jsonrpc":"2.0","id":8,"result":{}}', "answered another request: id 8"),
        (b'{"jsonrpc":"2.0","id":"7","result":{}}', 'answered another request: id "7"'),
        (b'{"jsonrpc":"2.0","id":7,"result":[]}', "the result is no JSON object"),
        (b'{"jsonrpc":"2.0","method":"x"}', "without an answer"),
    ],
)
async def test_an_answer_that_makes_no_sense_is_said_to_be_so(
    rig: Rig, body: bytes, says: str
) -> None:
    sink = legacy_call(rig)
    rig.http.sent[-1].respond(200, "application/json", body)
    assert sink.error is not None
    assert "upstream 'time'" in sink.error.message
    assert says in sink.error.message


async def test_an_answer_that_must_be_read_is_refused_over_its_limit(rig: Rig) -> None:
    sink = legacy_call(rig)
    sent = rig.http.sent[-1]
    sent.start(200, "application/json")
    for _ in range(17):
        sent.receiver.chunk(b" " * 1024 * 1024)
    sent.end()
    assert isinstance(sink.error, UpstreamRejected)
    assert "over 16777216 bytes" in sink.error.message
    assert sink.error.outcome_unknown
    assert sent.cancelled


async def test_a_compressed_answer_is_refused(rig: Rig) -> None:
    sink = RecordingSink()
    rig.clients.send(ask(UPSTREAM, MODERN), sink)
    rig.http.sent[-1].respond(200, "application/json", b"\x1f", (b"content-encoding", b"gzip"))
    assert sink.error is not None
    assert "content encoding" in sink.error.message


async def test_an_empty_answer_is_none(rig: Rig) -> None:
    sink = RecordingSink()
    rig.clients.send(ask(UPSTREAM), sink)
    rig.http.sent[-1].respond(200, "application/json")
    assert sink.error is not None
    assert "empty body" in sink.error.message


async def test_a_relayed_answer_that_breaks_off_says_so_after_what_came(rig: Rig) -> None:
    sink = RecordingSink()
    rig.clients.send(ask(UPSTREAM), sink)
    sent = rig.http.sent[-1]
    sent.start(200, "text/event-stream")
    sent.receiver.chunk(b"data: 1\n\n")
    sent.fail(UpstreamRejected("http://up:9000 closed the connection", outcome_unknown=True))
    assert sink.calls == ["relay_head", "relay_chunk", "failed"]
    assert isinstance(sink.error, UpstreamRejected)
    assert sink.error.outcome_unknown
    assert sink.error.message.startswith("upstream 'time': ")


@pytest.mark.parametrize("client", [MODERN, LEGACY], ids=["relayed", "read"])
async def test_a_slow_client_slows_the_upstream_down(rig: Rig, client: Client) -> None:
    ticket = rig.clients.send(ask(UPSTREAM, client), RecordingSink())
    sent = rig.http.sent[-1]
    sent.start(200, "text/event-stream")
    ticket.pause()
    assert sent.paused
    ticket.resume()
    assert not sent.paused


async def test_a_closed_http_client_fails_the_call() -> None:
    clients = UpstreamClients(UnreachableClient())
    for record in (UPSTREAM, upstream("legacy"), upstream("legacy", transport="SSE")):
        sink = RecordingSink()
        clients.send(ask(record), sink).cancel()
        assert isinstance(sink.error, UpstreamUnreachable)
    assert clients.sessions_open == 0


LEGACY_WORDS = {"code": -32000, "message": "Bad Request: Server not initialized"}


async def test_an_upstream_that_speaks_as_a_legacy_one_is_looked_at_again(rig: Rig) -> None:
    for client in (MODERN, LEGACY):
        sink = RecordingSink()
        rig.clients.send(ask(UPSTREAM, client), sink)
        rig.http.sent[-1].json({"jsonrpc": "2.0", "id": None, "error": LEGACY_WORDS}, 400)
        assert isinstance(sink.error, UpstreamRejected)
        assert "speaks another revision" in sink.error.message
        assert not sink.error.outcome_unknown
    assert rig.announced == [UPSTREAM.id] * 2


async def test_an_error_of_the_upstreams_own_in_answer_to_the_request_is_passed_on(
    rig: Rig,
) -> None:
    sink = RecordingSink()
    rig.clients.send(ask(UPSTREAM), sink)
    rig.http.sent[-1].json({"jsonrpc": "2.0", "id": 7, "error": LEGACY_WORDS}, 400)
    assert sink.answered["error"] == LEGACY_WORDS
    assert rig.announced == []


async def test_a_call_refused_for_its_headers_goes_out_again_once_as_the_newest_definition_says(
    rig: Rig,
) -> None:
    def definition(token: str) -> bytes:
        marked = {"x": {"type": "string", "x-mcp-header": token}}
        schema = {"type": "object", "properties": marked}
        return msgspec.json.encode({"inputSchema": schema})

    newest = tool(upstream=UPSTREAM.id, original_name="echo", definition=definition("New"))
    rig.clients.changed(build("a-registry", 1, [UPSTREAM, newest]), None)
    params = {"name": "echo", "arguments": {"x": "eu"}}
    sink = legacy_call(rig, params=params, definition=definition("Old"))
    error = {"code": -32020, "message": "Mcp-Param-New is missing"}
    for header in ("mcp-param-old", "mcp-param-new"):
        sent = rig.http.sent[-1]
        assert sent.headers[header] == "eu"
        sent.json({"jsonrpc": "2.0", "id": sent.message["id"], "error": error}, 400)
    assert sink.answered["error"]["message"] == error["message"]  # no third time
    assert len(rig.http.sent) == 2


async def test_headers_that_do_not_mirror_the_definition_have_it_read_again(rig: Rig) -> None:
    sink = legacy_call(rig)
    error = {"code": -32020, "message": "Mcp-Param-X is missing"}
    rig.http.sent[-1].json({"jsonrpc": "2.0", "id": 7, "error": error}, 400)
    assert sink.answered["error"] == {**error, "code": -32603}
    assert rig.announced == [UPSTREAM.id]
