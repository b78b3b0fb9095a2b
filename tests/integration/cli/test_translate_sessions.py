"""Translate's legacy and SSE sessions: each has a server of its own, which ends with it."""

import json
import os
import re

from mcpgateway.common import sse
from mcpgateway.common.runtime.stdio.app import Translator
from support.exchange import RecordingExchange
from support.translating import (
    ACCEPT,
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


async def test_each_legacy_session_has_a_server_of_its_own() -> None:
    async with translator() as app:
        pids = set()
        for _ in range(3):
            session = await open_session(app)
            found = await result(app, legacy("pid", session=session))
            assert found["initialized"]
            pids.add(found["pid"])
        assert len(pids) == 3


async def test_ids_and_numbers_come_back_as_they_were_sent() -> None:
    async with translator() as app:
        session = await open_session(app)
        for id in (7, "7", 2**53 + 1):
            answer = await done(send(app, legacy("echo", {"n": 1e3}, id, session)))
            assert json.loads(answer.answer)["id"] == id


async def test_progress_comes_before_the_response_on_the_stream_of_its_request() -> None:
    async with translator() as app:
        session = await open_session(app)
        params = {"_meta": {"progressToken": "mine"}}
        answered = await done(send(app, legacy("progress", params, 5, session)))
        assert answered.sent_headers[b"content-type"] == b"text/event-stream"
        progress, response = events(answered)
        assert progress["params"]["progressToken"] == "mine"
        assert response["id"] == 5


async def test_a_server_can_ask_its_client_and_hear_the_answer() -> None:
    async with translator() as app:
        session = await open_session(app)
        asking = send(app, legacy("ask", id="q", session=session))
        await until(lambda: len(events(asking)) == 1, "the question")
        assert events(asking)[0]["method"] == "sampling/createMessage"
        body = b'{"jsonrpc":"2.0","id":"ask-1","result":{"text":"yes"}}'
        headers = [ACCEPT, (b"mcp-session-id", session.encode())]
        assert send(app, RecordingExchange(headers=headers, body=body)).status == 202
        await done(asking)
        assert events(asking)[1]["result"] == {"told": {"text": "yes"}}


async def test_what_belongs_to_no_request_waits_for_the_get_stream() -> None:
    async with translator() as app:
        session = await open_session(app)
        accept = b"application/json"  # this client takes no stream as an answer
        await done(send(app, legacy("change", session=session, accept=accept)))
        stream = RecordingExchange("GET", headers=[(b"mcp-session-id", session.encode())])
        send(app, stream)
        assert [event["method"] for event in events(stream)] == ["notifications/tools/list_changed"]
        second = RecordingExchange("GET", headers=[(b"mcp-session-id", session.encode())])
        assert send(app, second).status == 409


async def test_a_crash_is_told_and_the_next_request_finds_a_server_that_is_initialized() -> None:
    async with translator() as app:
        session = await open_session(app)
        before = await result(app, legacy("pid", session=session))
        crashed = await done(send(app, legacy("crash", id=9, session=session)))
        error = json.loads(crashed.answer)
        assert error["id"] == 9
        assert "exited with status 3" in error["error"]["message"]
        after = await result(app, legacy("pid", session=session))
        assert after["pid"] != before["pid"]
        assert after["initialized"]


async def test_a_deleted_session_is_unknown_and_its_server_ends() -> None:
    async with translator() as app:
        session = await open_session(app)
        pid = (await result(app, legacy("pid", session=session)))["pid"]
        header = [(b"mcp-session-id", session.encode())]
        assert send(app, RecordingExchange("DELETE", headers=header)).status == 204
        assert send(app, legacy("pid", session=session)).status == 404
        await until(lambda: not _alive(pid), "the server ended")


async def test_a_server_that_ignores_every_hint_is_killed() -> None:
    async with translator("--deaf") as app:
        session = await open_session(app)
        pid = (await result(app, legacy("pid", session=session)))["pid"]
    assert not _alive(pid)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_an_unused_session_ends_and_one_with_a_stream_stays() -> None:
    async with translator(idle=0.0) as app:
        unused, streaming = await open_session(app), await open_session(app)
        stream = RecordingExchange("GET", headers=[(b"mcp-session-id", streaming.encode())])
        send(app, stream)
        await until(lambda: _swept(app, unused), "the unused session ended")
        assert send(app, legacy("echo", session=streaming)).status != 404


def _swept(app: Translator, session: str) -> bool:
    app.sweep()
    return send(app, legacy("notifications/x", id=None, session=session)).status == 404


async def test_an_unused_shared_server_ends_and_frees_its_place() -> None:
    pairs = (("x-who", "WHO"),)
    async with translator("--modern", header_to_env=pairs, idle=0.0, max_children=1) as app:

        async def taken(who: bytes) -> bool:
            """Whether there is a place for that client, whose server is then gone again."""
            asked = modern("pid")
            asked.headers.append((b"x-who", who))
            answer = json.loads((await done(send(app, asked))).answer)
            if "error" in answer:
                assert "--max-children" in answer["error"]["message"]
                return False
            app.sweep()
            await until(lambda: not _alive(answer["result"]["pid"]), "the server ended")
            return True

        assert await taken(b"ann")
        await until(lambda: taken(b"ben"), "the place is free again")


async def test_one_client_too_many_is_refused_with_the_reason() -> None:
    async with translator(max_children=1) as app:
        session = await open_session(app)
        refused = send(app, legacy("initialize", {"protocolVersion": "2025-11-25"}))
        assert refused.status == 503
        assert b"--max-children" in refused.answer
        assert b"retry-after" in refused.sent_headers
        sse_client = send(app, RecordingExchange("GET", "/sse"))
        assert sse_client.status == 503
        header = [(b"mcp-session-id", session.encode())]
        send(app, RecordingExchange("DELETE", headers=header))
        await until(lambda: _opened(app), "the place is free again")


def _opened(app: Translator) -> bool:
    return send(app, legacy("initialize", {"protocolVersion": "2025-11-25"})).status != 503


async def test_the_sse_endpoint_is_absolute_and_answers_come_on_the_stream() -> None:
    async with translator() as app:
        stream = RecordingExchange("GET", "/sse", [(b"host", b"localhost:8003")])
        send(app, stream)
        first = sse.Parser().feed(stream.answer)[0]
        assert first.event == "endpoint"
        named = re.fullmatch(
            rb"http://localhost:8003/message\?(session_id=[0-9a-f]{32})", first.data
        )
        assert named is not None
        query = named[1].decode()
        posted = RecordingExchange("POST", "/message", body=message("echo", {"a": 1}), query=query)
        assert send(app, posted).status == 202
        await until(lambda: len(events(stream)) == 1, "the answer")
        assert events(stream)[0]["result"] == {"a": 1}
        app.keep_alive()
        assert b"event: keepalive\n" in stream.answer
        stream.leave()
        late = RecordingExchange("POST", "/message", body=message("echo"), query=query)
        assert send(app, late).status == 404
