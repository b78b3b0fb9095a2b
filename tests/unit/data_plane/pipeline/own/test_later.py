"""Answers that come later find their client, or nobody."""

import asyncio
import gc
import weakref

import msgspec

from mcpgateway.common.mcp.headers import SESSION_ID
from support.buckets import own_states
from support.endpoint import Endpoint, answer_of
from support.registries import prompt
from support.wait import until

SLOW = "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}"


def slow(text: str = SLOW) -> Endpoint:
    messages = [{"role": "user", "content": {"type": "text", "text": text}}]
    made = prompt("p", "", name="p", messages=msgspec.json.encode(messages))
    return Endpoint((made,), states=own_states())


async def test_a_client_that_cancels_is_answered_once_and_gives_up_its_place() -> None:
    endpoint = slow()
    params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "c"}}
    started = endpoint.legacy("initialize", params)
    session = dict(started.sent_headers)[SESSION_ID]
    line = ((SESSION_ID, session), (b"mcp-protocol-version", b"2025-11-25"))
    asked = endpoint.legacy("prompts/get", {"name": "p"}, headers=line, id=5)
    await asyncio.sleep(0)
    cancelled = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 5}}
    endpoint.send(msgspec.json.encode(cancelled), headers=line)
    assert answer_of(asked)["error"]["message"] == "cancelled by the client"
    assert len(endpoint.inflight) == 0
    await endpoint.conversations.aclose()


async def test_a_modern_client_that_leaves_gives_up_its_place() -> None:
    endpoint = slow()
    asked = endpoint.modern("prompts/get", {"name": "p"})
    await asyncio.sleep(0)
    asked.leave()
    await asyncio.sleep(0)
    assert not asked.answer
    await endpoint.conversations.aclose()


async def test_a_replica_that_stops_says_so() -> None:
    endpoint = slow()
    asked = endpoint.legacy("prompts/get", {"name": "p"})
    await asyncio.sleep(0)
    await endpoint.conversations.aclose()
    await until(lambda: bool(asked.answer), "it is answered")
    assert answer_of(asked)["error"]["message"] == "this replica stops"


async def test_what_waits_keeps_no_table_in_memory() -> None:
    endpoint = slow("{{ 'a'|upper }}")
    asked = endpoint.legacy("prompts/get", {"name": "p"})
    table = weakref.ref(endpoint.tables.current)
    endpoint.put()
    gc.collect()
    assert table() is None
    assert not asked.answer
    await endpoint.conversations.aclose()
