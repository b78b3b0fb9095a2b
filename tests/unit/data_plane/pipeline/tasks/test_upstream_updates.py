"""Tasks that modern upstreams keep are followed there for the clients that listen to them here."""

from typing import Any

import msgspec
import pytest

from mcpgateway.common.jsonrpc import Params, decode_frame, encode, notification
from mcpgateway.common.mcp.listening import LISTEN
from mcpgateway.common.routing.model import Access
from support.endpoint import Endpoint, token
from support.exchange import RecordingExchange
from support.registries import BOB, USER_ROLE
from support.tasks import ABLE, CALL, PLAIN, WITH, Modern, events, play, records, task_in
from support.upstreams import RecordedWatch
from support.wait import until

CREATED = {"resultType": "task", "taskId": "up-1", "status": "working"}


class Rig:
    def __init__(self, capabilities: bytes = WITH) -> None:
        self.endpoint = Endpoint((USER_ROLE, BOB, *records("modern", capabilities)))

    async def made(self, id: str = "up-1") -> str:
        call = Modern(self.endpoint).call()
        play(self.endpoint.upstreams.last, {**CREATED, "taskId": id})
        return await task_in(call)

    def listen(self, *names: str, **more: Any) -> RecordingExchange:
        params = {"notifications": {"taskIds": list(names)}}
        return self.endpoint.modern(LISTEN, params, id=7, meta=ABLE, **more)

    async def followed(self, watches: int = 1) -> RecordedWatch:
        """The upstream was asked."""
        found = self.endpoint.upstreams.watches
        await until(lambda: len(found) == watches and bool(found[-1].wanted), "it is asked")
        return found[-1]


def stands(watch: RecordedWatch, *honoured: str) -> None:
    watch.watcher.standing(watch.wanted, frozenset(honoured), gap=False)


def say(watch: RecordedWatch, id: str, status: str = "completed") -> None:
    watch.watcher.task(id, params(taskId=id, status=status, _meta={"x": 1}))


def params(**members: Any) -> Params:
    found = decode_frame(notification("x", encode(members))).params
    assert isinstance(found, dict)
    return found


def told(exchange: RecordingExchange) -> list[Any]:
    return [each["params"] for each in events(exchange)[1:]]


async def test_an_upstreams_task_is_told_under_the_clients_name_and_id() -> None:
    rig = Rig()
    name = await rig.made()
    exchange = rig.listen(name)
    watch = await rig.followed()
    assert watch.wanted == {"up-1"}
    assert events(exchange) == []
    stands(watch, "up-1")
    (ack,) = events(exchange)
    assert ack["params"]["notifications"] == {"taskIds": [name]}
    say(watch, "up-1")
    tag = {"io.modelcontextprotocol/subscriptionId": 7}
    assert told(exchange) == [{"taskId": name, "status": "completed", "_meta": tag}]


async def test_a_gap_in_the_upstreams_stream_disturbs_nobody() -> None:
    rig = Rig()
    name = await rig.made()
    exchange = rig.listen(name)
    watch = await rig.followed()
    stands(watch, "up-1")
    watch.watcher.standing(watch.wanted, frozenset({"up-1"}), gap=True)
    say(watch, "up-1")
    assert [each["taskId"] for each in told(exchange)] == [name]


async def test_what_the_upstream_does_not_tell_is_not_honoured() -> None:
    rig = Rig()
    one, other = await rig.made("up-1"), await rig.made("up-2")
    exchange = rig.listen(one, other)
    stands(await rig.followed(), "up-2")
    assert events(exchange)[0]["params"]["notifications"] == {"taskIds": [other]}


async def test_an_upstream_that_refuses_is_acknowledged_with_nothing() -> None:
    rig = Rig()
    exchange = rig.listen(await rig.made())
    (await rig.followed()).watcher.refused(lasting=True)
    assert events(exchange)[0]["params"]["notifications"] == {}


async def test_several_who_listen_share_a_stream_and_hear_of_their_own_tasks() -> None:
    rig = Rig()
    one, other = await rig.made("up-1"), await rig.made("up-2")
    first, second = rig.listen(one), rig.listen(other)
    watch = await rig.followed()
    stands(watch, "up-1", "up-2")
    say(watch, "up-1")
    assert (len(told(first)), told(second)) == (1, [])
    first.leave()
    second.leave()
    await until(lambda: watch.closed, "nobody follows any more")


async def test_another_callers_task_is_not_followed() -> None:
    rig = Rig()
    exchange = rig.listen(await rig.made(), authorization=f"Bearer {token(BOB.id)}")
    assert events(exchange)[0]["params"]["notifications"] == {}
    assert rig.endpoint.upstreams.watches == []


@pytest.mark.parametrize(
    "change",
    [
        {"transport": "SSE"},
        {"url": "http://127.0.0.1:2"},
        {"credential": "another"},
    ],
)
async def test_what_is_not_the_callers_any_more_is_not_told(change: Any) -> None:
    rig = Rig()
    name = await rig.made()
    exchange = rig.listen(name)
    watch = await rig.followed()
    stands(watch, "up-1")
    upstream, _ = records("modern", WITH)
    rig.endpoint.change(msgspec.structs.replace(upstream, **change))
    say(watch, "up-1")
    assert told(exchange) == []
    await until(lambda: watch.closed, "nobody follows any more")


async def test_a_principal_that_no_longer_sees_the_upstream_is_told_no_more() -> None:
    rig = Rig()
    bob: dict[str, Any] = {"authorization": f"Bearer {token(BOB.id)}"}
    call = rig.endpoint.modern("tools/call", CALL, meta=ABLE, **bob)
    play(rig.endpoint.upstreams.last, CREATED)
    exchange = rig.listen(await task_in(call), **bob)
    watch = await rig.followed()
    stands(watch, "up-1")
    say(watch, "up-1", "working")
    upstream, _ = records("modern", WITH)
    hidden = Access("private", owner="ann@example.com")
    rig.endpoint.change(msgspec.structs.replace(upstream, access=hidden))
    say(watch, "up-1")
    assert [each["status"] for each in told(exchange)] == ["working"]


async def test_an_upstream_without_tasks_is_not_asked() -> None:
    rig = Rig()
    name = await rig.made()
    rig.endpoint.change(*records("modern", PLAIN)[:1])
    assert events(rig.listen(name))[0]["params"]["notifications"] == {}
    assert rig.endpoint.upstreams.watches == []


async def test_news_of_what_nobody_follows_or_that_comes_late_are_dropped() -> None:
    rig = Rig()
    exchange = rig.listen(await rig.made())
    watch = await rig.followed()
    stands(watch, "up-1")
    say(watch, "up-9")
    exchange.leave()
    say(watch, "up-1")
    assert told(exchange) == []
