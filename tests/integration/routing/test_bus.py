"""The bus is a trust border: who may connect, publish and read is what the logins say."""

import asyncio

import nats.errors
import pytest

from mcpgateway.common.runtime.nats import connect
from mcpgateway.common.subjects import CONTROL_PLANE_INBOX
from support.nats import Bus
from support.wait import until


async def test_a_data_plane_login_can_not_publish_routing(bus: Bus) -> None:
    control_plane = await bus.connect("control_plane")
    data_plane = await bus.connect("data_plane")
    heard: list[bytes] = []

    async def hear(message: object) -> None:
        heard.append(message.data)  # type: ignore[attr-defined]

    await control_plane.subscribe(f"{bus.subjects.root}.>", cb=hear)
    await control_plane.flush()
    for subject in (bus.subjects.delta, bus.subjects.snapshot, bus.subjects.blob("b", 0)):
        await data_plane.publish(subject, b"forged")
    await data_plane.publish(bus.subjects.receipt("r1"), b"allowed")
    await until(lambda: bool(heard), "the receipt is heard")
    assert heard == [b"allowed"]
    await data_plane.close()
    await control_plane.close()


async def test_a_data_plane_can_not_read_the_control_planes_replies_or_make_streams(
    bus: Bus,
) -> None:
    control_plane = await bus.connect("control_plane")
    data_plane = await bus.connect("data_plane")
    heard: list[bytes] = []

    async def hear(message: object) -> None:
        heard.append(message.data)  # type: ignore[attr-defined]

    await data_plane.subscribe(f"{CONTROL_PLANE_INBOX}.>", cb=hear)
    await data_plane.flush()
    answer = await control_plane.request("$JS.API.INFO", b"")
    assert answer.data
    await data_plane.flush()
    assert heard == []
    with pytest.raises(nats.errors.TimeoutError):
        await data_plane.request("$JS.API.STREAM.CREATE.X", b'{"name":"X"}', timeout=0.5)
    await data_plane.close()
    await control_plane.close()


async def test_a_client_without_a_login_is_not_let_in(bus: Bus) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await connect(bus.link("anonymous"))


async def test_a_connection_comes_back_after_the_server_was_killed(bus: Bus) -> None:
    back = asyncio.Event()

    async def on_reconnect() -> None:
        back.set()

    client = await bus.connect("data_plane", on_reconnect=on_reconnect)
    bus.kill()
    await until(lambda: not client.is_connected, "the loss is noticed")
    bus.start()
    async with asyncio.timeout(10):
        await back.wait()
    await client.flush()
    await client.close()
