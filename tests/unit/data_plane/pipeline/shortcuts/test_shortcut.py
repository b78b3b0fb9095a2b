"""Shortcuts of calls: what they take goes out and comes back as on the long way, the rest they
leave."""

import asyncio
import gc
import json
import re
import weakref
from typing import Any

import pytest

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import Unavailable
from mcpgateway.common.mcp.session import LIFETIME
from mcpgateway.common.routing.model import Credential
from mcpgateway.common.runtime.http.call import Call as HttpCall
from mcpgateway.common.runtime.http.client import Origin
from support.endpoint import META, NOW, USER, bearer, signing_key, token, wire_sealed
from support.registries import tool, upstream
from support.shortcuts import IN_SESSIONS, KINDS, Connection, Kind, Rig, whole, wire_id

RESULT = b'{"jsonrpc":"2.0","id":7,"result":{"resultType":"complete","content":[ ]}}'


def call(id: jsonrpc.Id = 7, method: str = "tools/call", **params: Any) -> bytes:
    good = {"name": "u-one", "arguments": {"n": 1}, "_meta": META}
    return jsonrpc.request(id, method, json.dumps({**good, **params}).encode())


@pytest.fixture
async def rig() -> Rig:
    rig = Rig()
    rig.learn()
    return rig


BODIES = [
    call(),
    call("a string"),
    call(arguments={"text": "é\U0001f600", "deep": [{"a": [1.10, None]}]}),
    call(extra={"kept": True}),
    call().replace(b'"id":7', b'"id" : 7 , "x":1'),
    b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"?","_meta":{},'
    b'"arguments":{"a":1,"a":2},"name":"u-one","_meta":%b}}' % json.dumps(META).encode(),
]


@pytest.mark.parametrize("body", BODIES)
async def test_what_goes_out_is_byte_for_byte_what_the_long_way_sends(
    rig: Rig, body: bytes
) -> None:
    rig.send(body)
    long_way = rig.http.sent[-1]
    assert rig.take(body) is not None
    origin, short = rig.http.ran[-1]
    assert origin == long_way.origin
    assert (short.head, short.body) == (long_way.head, long_way.body)
    assert (short.safe, short.timeouts) == (long_way.safe, long_way.timeouts)


async def test_credentials_and_passed_headers_go_along() -> None:
    sealed = wire_sealed("credential", "c", b'[["X-Key","secret"]]')
    known = upstream("u", credential="c", passthrough_headers=("X-Tenant",))
    rig = Rig(known, tool("one", "u"), Credential("c", sealed))
    rig.lines.append((b"x-tenant", b"blue"))
    rig.learn()
    _, short = rig.run()
    assert b"x-key: secret\r\nx-tenant: blue\r\n" in short.head


async def test_a_modern_head_that_names_a_session_is_given_no_shortcut() -> None:
    rig = Rig()
    rig.lines.append((b"mcp-session-id", b"s"))
    with pytest.raises(AssertionError):
        rig.learn()
    assert Connection.shortcut is None


async def test_a_header_that_varies_under_one_head_is_passed_on_the_long_way() -> None:
    rig = Rig(upstream("u", passthrough_headers=("Traceparent",)), tool("one", "u"))
    rig.lines.append((b"traceparent", b"00-1"))
    with pytest.raises(AssertionError):
        rig.learn()


async def test_arguments_that_are_mirrored_in_headers_go_the_long_way() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer", "x-mcp-header": "N"}}}
    definition = json.dumps({"inputSchema": schema}).encode()
    mirroring = tool("one", "u", definition=definition)
    for kind in (Kind("modern", "legacy"), Kind("session", "modern"), Kind("lone", "modern")):
        rig = Rig(upstream("u", era=kind.upstream), mirroring, kind=kind)
        rig.lines.append((b"mcp-param-n", b"1"))
        with pytest.raises(AssertionError):
            rig.learn()


LEFT = [
    call(name="u-two"),
    call(requestState="s"),
    call(task={}),
    call(_meta={**META, "x": 1}),
    call(_meta={}),
    call(method="prompts/get"),
    call().replace(b'"id":7,', b""),
    call().replace(b'"id":7', b'"id":null'),
    call().replace(b'"id":7', b'"id":1.5'),
    call().replace(b'"2.0"', b'"1.0"'),
    call().replace(b"u-one", b"u-\xffne"),
    call()[:-1],
    b"[%b]" % call(),
    b'{"jsonrpc":"2.0","id":7,"method":"tools/call","params":[]}',
    b'{"jsonrpc":"2.0","id":7,"method":"tools/call"}',
    b'{"jsonrpc":"2.0","id":7,"result":{}}',
    b"",
]


@pytest.mark.parametrize("body", LEFT)
async def test_any_other_message_is_left_to_the_long_way(rig: Rig, body: bytes) -> None:
    assert rig.take(body) is None
    assert rig.http.ran == []


async def test_nothing_is_taken_under_another_table_even_an_equal_one(rig: Rig) -> None:
    rig.parts.put(USER, signing_key(), *rig.records)
    assert rig.take(call()) is None


async def test_nothing_is_taken_once_the_credentials_have_expired(rig: Rig) -> None:
    rig.parts.clock.now = NOW + 3599
    assert rig.take(call()) is not None
    rig.parts.clock.now = NOW + 3600
    assert rig.take(call()) is None


async def test_a_shortcut_is_made_anew_under_a_new_table(rig: Rig) -> None:
    old = Connection.shortcut
    assert rig.take(call()) is not None
    rig.parts.put(USER, signing_key(), *rig.records)
    rig.learn()
    assert Connection.shortcut is not old
    assert rig.take(call()) is not None


async def test_a_shortcut_keeps_no_old_table_in_memory(rig: Rig) -> None:
    old = weakref.ref(rig.parts.tables.current)
    rig.run()
    rig.parts.put(USER, signing_key(), *rig.records)
    gc.collect()
    assert old() is None


async def test_a_closed_http_client_is_the_long_ways_business(rig: Rig) -> None:
    def closed(origin: Origin, call: HttpCall) -> None:
        raise Unavailable("closed")

    rig.http.run = closed  # type: ignore[method-assign]  # one behaviour of a fake
    assert rig.take(call()) is None
    assert rig.outcomes() == {"ok": 3}


async def test_heads_whose_bodies_never_fit_are_given_shortcuts_ever_more_rarely(rig: Rig) -> None:
    made = set()
    for number in range(100):
        rig.send(call(_meta={**META, "n": number}))
        made.add(Connection.shortcut)
    assert len(made) < 10


# Between any two eras.

TOKENS = [{"progressToken": 5}, {"progressToken": "a-\u00e9", "other": [1.0]}, {"other": [1.0]}]


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("body", range(5))
async def test_between_any_two_eras_the_same_goes_out(kind: Kind, body: int) -> None:
    rig = Rig(kind=kind)
    rig.learn()
    bodies = [
        rig.call(),
        rig.call("a string", arguments={"text": "\u00e9\U0001f600", "a": {"b": [1.10, None]}}),
        rig.call(extra={"kept": True}),
        rig.call().replace(b'"id":7', b'"id" : 7 , "x":1').replace(b'"name"', b'"name":"?","name"'),
        rig.call(arguments={"a": 1}).replace(b'"a": 1', b'"a":1,"a":2'),
    ]
    same(rig, bodies[body])


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("first", TOKENS)
async def test_another_progress_token_goes_out_as_on_the_long_way(
    kind: Kind, first: dict[str, Any]
) -> None:
    rig = Rig(kind=kind)
    common = META if kind.client == "modern" else {}
    rig.learn(rig.call(_meta={**common, **first}))
    others = {key: value for key, value in first.items() if key != "progressToken"}
    for meta in (first, others, {"progressToken": "new", **others}, {**others, "progressToken": 6}):
        same(rig, rig.call(_meta={**meta, **common}))
    assert rig.take(rig.call(_meta={**common, **others, "more": 1})) is None
    assert rig.take(rig.call(_meta="none")) is None


def same(rig: Rig, body: bytes) -> None:
    """What the long way sends, but for the id that a shared session counts up."""
    rig.send(body)
    long_way = rig.http.sent[-1]
    assert rig.take(body) is not None
    origin, short = rig.http.ran[-1]
    assert (origin, short.head) == (long_way.origin, long_way.head)
    sent = long_way.body
    if rig.kind.renumbers:
        before = wire_id(long_way)
        assert wire_id(short) == before + 1
        sent = re.sub(rb'("(?:id|progressToken)":)%d\b' % before, rb"\g<1>%d" % (before + 1), sent)
    assert short.body == sent
    assert (short.safe, short.timeouts) == (long_way.safe, long_way.timeouts)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.client != "modern"], ids=str)
async def test_what_a_legacy_client_says_of_tasks_goes_the_long_way(kind: Kind) -> None:
    rig = Rig(kind=kind)
    rig.learn()
    assert rig.take(rig.call(task={})) is None
    assert rig.take(rig.call()) is not None


# In sessions.

OF_SESSIONS = [kind for kind in KINDS if kind.client == "session"]


async def at_once() -> None:
    """Until what was to be stored is."""
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.mark.parametrize("kind", OF_SESSIONS, ids=str)
async def test_nothing_is_taken_of_a_session_that_has_ended(kind: Kind) -> None:
    rig = Rig(kind=kind)
    rig.learn()
    rig.send(b"", "DELETE")
    assert rig.take(rig.call()) is None
    await at_once()
    assert rig.take(rig.call()) is None
    assert rig.send(rig.call()).status == 404


@pytest.mark.parametrize("kind", OF_SESSIONS, ids=str)
async def test_nothing_is_taken_of_a_session_whose_log_level_was_set_since(kind: Kind) -> None:
    rig = Rig(kind=kind)
    rig.learn()
    rig.send(jsonrpc.request(2, "logging/setLevel", b'{"level":"error"}'))
    await at_once()
    assert rig.take(rig.call()) is None


async def test_a_log_level_goes_to_a_modern_upstream_by_the_shortcut_too() -> None:
    rig = Rig(kind=Kind("session", "modern"))
    rig.send(jsonrpc.request(2, "logging/setLevel", b'{"level":"error"}'))
    await at_once()
    rig.learn()
    same(rig, rig.call())
    assert b'logLevel":"error"' in rig.http.ran[-1][1].body


async def test_calls_that_a_legacy_upstream_must_be_prepared_for_go_the_long_way() -> None:
    levelled = Rig(kind=IN_SESSIONS)
    levelled.send(jsonrpc.request(2, "logging/setLevel", b'{"level":"error"}'))
    await at_once()
    levelled.send(levelled.call())
    levelled.http.sent[-1].result({})  # to the level
    assert Connection.shortcut is None
    for _ in range(4):
        levelled.send(levelled.call())
        levelled.http.sent[-1].result({})
    assert Connection.shortcut is None


async def test_calls_in_whose_midst_a_client_may_be_asked_go_the_long_way() -> None:
    rig = Rig(kind=IN_SESSIONS, declared={"roots": {}})
    with pytest.raises(AssertionError):
        rig.learn()
    asked = {**META, "io.modelcontextprotocol/clientCapabilities": {"sampling": {}}}
    modern = Rig(kind=Kind("modern", "legacy"))
    with pytest.raises(AssertionError):
        modern.learn(modern.call(_meta=asked))


async def test_nothing_is_taken_of_a_session_of_which_notes_may_be_missing() -> None:
    rig = Rig(kind=IN_SESSIONS)
    rig.learn()
    rig.states.connected()
    assert rig.take(rig.call()) is None
    rig.send(rig.call())
    await at_once()  # it was read again
    assert rig.take(rig.call()) is None  # by a shortcut of before
    rig.learn()
    assert rig.take(rig.call()) is not None


async def test_nothing_is_taken_of_a_session_that_has_expired() -> None:
    rig = Rig(kind=IN_SESSIONS)
    rig.lines[2] = bearer(token(exp=int(NOW) + 2 * LIFETIME))
    rig.learn()
    rig.parts.clock.now = NOW + LIFETIME - 1
    assert rig.take(rig.call()) is not None
    rig.parts.clock.now = NOW + LIFETIME
    assert rig.take(rig.call()) is None


TO_LEGACY = [kind for kind in KINDS if kind.upstream == "legacy"]


@pytest.mark.parametrize("kind", TO_LEGACY, ids=str)
async def test_nothing_is_taken_when_the_session_with_the_upstream_is_lost(kind: Kind) -> None:
    rig = Rig(kind=kind)
    rig.learn()
    rig.send(rig.call())
    rig.http.sent[-1].respond(404, "text/plain", b"")
    assert rig.take(rig.call()) is None  # another one is opened
    rig.open()
    assert rig.take(rig.call()) is None
    rig.http.sent[-1].result({})
    rig.learn()
    same(rig, rig.call())
    assert rig.http.ran[-1][1].head.count(b"mcp-session-id: up-1\r\n") == 0


@pytest.mark.parametrize("kind", TO_LEGACY, ids=str)
async def test_nothing_is_taken_for_an_upstream_session_that_no_call_gets_any_more(
    kind: Kind,
) -> None:
    rig = Rig(kind=kind)
    rig.learn()
    rig.send(rig.call())  # keeps it until it is answered
    rig.clients._legacy.sessions.end_upstreams({"u"})
    assert rig.take(rig.call()) is None


async def test_a_call_by_a_shortcut_keeps_its_upstream_session_until_it_is_over() -> None:
    rig = Rig(kind=IN_SESSIONS)
    rig.learn()
    sessions = rig.clients._legacy.sessions
    _, short = rig.run()
    sessions.end_upstreams({"u"})
    assert len(sessions) == 1
    whole(short, b'{"jsonrpc":"2.0","id":7,"result":{}}')
    assert len(sessions) == 0
    assert rig.http.sent[-1].request_line.startswith("DELETE")
