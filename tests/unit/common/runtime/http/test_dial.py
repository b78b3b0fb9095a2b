"""Who may be connected to, and what a failure says."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from mcpgateway.common.errors import UpstreamTimeout, UpstreamUnreachable
from mcpgateway.common.policy.addresses import AddressPolicy
from mcpgateway.common.runtime.http.client import Origin
from mcpgateway.common.runtime.http.dial import STAGGER, Dialer
from mcpgateway.common.runtime.http.tls import Tls, profile
from support.http import DEADLINE, ScriptedApp, free_port, serving
from support.tls import tls_pair

LOOPBACK = AddressPolicy(loopback=True)


class Names:
    """The running loop with names of our own."""

    def __init__(self, **names: list[str]) -> None:
        self._loop = asyncio.get_running_loop()
        self._names = names
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)

    async def getaddrinfo(self, host: str, port: int, **_: Any) -> list[Any]:
        self.asked.append(host)
        if host not in self._names:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(2, 1, 6, "", (address, port)) for address in self._names[host]]


def dialer(names: Names | None = None, policy: AddressPolicy = LOOPBACK) -> Dialer:
    loop: Any = names or asyncio.get_running_loop()
    return Dialer(lambda _: policy, profile(), loop)


@contextmanager
def never_accepting(address: str, port: int = 0) -> Iterator[int]:
    """A port whose queue of connections is full."""
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind((address, port))
        full.listen(0)
        for filler in (first, second):
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        yield full.getsockname()[1]


async def connect(dial: Dialer, origin: Origin) -> str:
    """To which address."""
    protocol, address = await dial.connect(origin, Closing, 5.0)
    protocol.transport.close()
    await protocol.closed
    return address


class Closing(asyncio.Protocol):
    transport: asyncio.BaseTransport

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.closed = asyncio.get_running_loop().create_future()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set_result(None)


async def test_an_address_that_refuses_gives_way_to_the_next_at_once() -> None:
    async with serving(ScriptedApp()) as listener:
        names = Names(upstream=["127.0.0.9", "127.0.0.1"])
        await connect(dialer(names), Origin("http", "upstream", listener.port))


async def test_a_name_is_judged_by_its_addresses_and_the_refused_ones_are_never_tried() -> None:
    names = Names(upstream=["169.254.169.254", "127.0.0.1"], rebound=["169.254.169.254"])
    dial = dialer(names)
    assert await dial.addresses(Origin("http", "upstream", 80)) == ["127.0.0.1"]
    with pytest.raises(UpstreamUnreachable, match=r"rebound may not be called.*metadata"):
        await dial.addresses(Origin("http", "rebound", 80))


@pytest.mark.parametrize(
    "host", ["metadata.google.internal", "Metadata.Google.Internal.", "metadata"]
)
async def test_the_names_of_metadata_services_are_refused_unresolved(host: str) -> None:
    names = Names()
    with pytest.raises(UpstreamUnreachable, match="never called"):
        await dialer(names).addresses(Origin("http", host, 80))
    assert names.asked == []


async def test_an_address_is_judged_without_asking_for_a_name() -> None:
    names = Names()
    with pytest.raises(UpstreamUnreachable, match="SSRF_ALLOW_LOCALHOST"):
        await dialer(names, AddressPolicy()).addresses(Origin("http", "::1", 80))
    assert names.asked == []


async def test_numeric_spellings_of_loopback_are_judged_by_what_they_resolve_to() -> None:
    with pytest.raises(UpstreamUnreachable, match="may not be called"):
        await dialer(policy=AddressPolicy()).addresses(Origin("http", "2130706433", 80))


async def test_answers_are_kept_for_a_while_and_judged_each_time() -> None:
    names = Names(upstream=["127.0.0.1"])
    policies = [LOOPBACK, AddressPolicy()]
    loop: Any = names
    dial = Dialer(lambda _: policies.pop(0), profile(), loop)
    await dial.addresses(Origin("http", "upstream", 80))
    with pytest.raises(UpstreamUnreachable, match="loopback"):
        await dial.addresses(Origin("http", "upstream", 80))
    assert names.asked == ["upstream"]


async def test_a_name_that_does_not_resolve_is_named() -> None:
    with pytest.raises(UpstreamUnreachable, match="the name nowhere does not resolve"):
        await connect(dialer(Names()), Origin("http", "nowhere", 80))


async def test_a_refused_connection_names_host_address_and_cause() -> None:
    port = free_port()
    names = Names(upstream=["127.0.0.1"])
    expected = rf"no connection to upstream:{port} \(127.0.0.1: connection refused\)"
    with pytest.raises(UpstreamUnreachable, match=expected):
        await connect(dialer(names), Origin("http", "upstream", port))


async def test_a_connection_that_is_never_accepted_is_given_up_in_time() -> None:
    says = r"within 0.2 s \(127.0.0.1: no answer\)"
    with never_accepting("127.0.0.1") as port, pytest.raises(UpstreamTimeout, match=says):
        await dialer().connect(Origin("http", "127.0.0.1", port), Closing, 0.2)


async def test_tls_verifies_the_name_though_the_address_is_pinned(tmp_path: Path) -> None:
    tls = tls_pair(tmp_path, "upstream")
    async with serving(ScriptedApp(), tls=tls.server) as listener:
        names = Names(upstream=["127.0.0.1"], other=["127.0.0.1"])
        dial, ours = dialer(names), Tls("ours", lambda: tls.client)
        await connect(dial, Origin("https", "upstream", listener.port, ours))
        with pytest.raises(UpstreamUnreachable, match=r"certificate.*not valid for 'other'"):
            await connect(dial, Origin("https", "other", listener.port, ours))


async def test_an_unknown_issuer_is_told_as_a_certificate_problem(tmp_path: Path) -> None:
    tls = tls_pair(tmp_path, "upstream")
    async with serving(ScriptedApp(), tls=tls.server) as listener:
        names = Names(upstream=["127.0.0.1"])
        with pytest.raises(UpstreamUnreachable, match=r"TLS certificate is not accepted: self"):
            await connect(dialer(names), Origin("https", "upstream", listener.port))


async def test_tls_to_a_plain_server_is_told_as_a_failed_handshake() -> None:
    async with serving(ScriptedApp()) as listener:
        with pytest.raises(UpstreamUnreachable, match="TLS handshake failed"):
            await connect(dialer(), Origin("https", "127.0.0.1", listener.port))


async def test_certificates_that_can_not_be_used_are_told_before_anything_is_dialed() -> None:
    origin = Origin("https", "127.0.0.1", 1, profile(ca="no PEM"))
    with pytest.raises(UpstreamUnreachable, match="certificates registered for it"):
        await connect(dialer(), origin)


async def test_an_address_that_is_silent_does_not_hold_up_the_next() -> None:
    async with serving(ScriptedApp()) as listener:
        with never_accepting("127.0.0.2", listener.port):
            names = Names(upstream=["127.0.0.2", "127.0.0.1"])
            loop = asyncio.get_running_loop()
            began = loop.time()
            address = await connect(dialer(names), Origin("http", "upstream", listener.port))
            assert address == "127.0.0.1"
            assert STAGGER <= loop.time() - began < 10 * STAGGER


async def test_the_connection_that_lost_the_race_is_closed(tmp_path: Path) -> None:
    """It was accepted, and waits for a handshake that never comes."""
    left = asyncio.Event()

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await reader.read()
        writer.close()
        left.set()

    tls = tls_pair(tmp_path, "upstream")
    async with (
        serving(ScriptedApp(), tls=tls.server) as listener,
        await asyncio.start_server(mute, "127.0.0.2", listener.port),
    ):
        names = Names(upstream=["127.0.0.2", "127.0.0.1"])
        origin = Origin("https", "upstream", listener.port, Tls("ours", lambda: tls.client))
        assert await connect(dialer(names), origin) == "127.0.0.1"
        await asyncio.wait_for(left.wait(), DEADLINE)


async def test_families_take_turns_so_that_one_that_does_not_work_costs_little() -> None:
    refused = ["::1", "::ffff:127.0.0.7", "127.0.0.8", "127.0.0.9"]
    names = Names(upstream=refused)
    port = free_port()
    with pytest.raises(UpstreamUnreachable) as caught:
        await connect(dialer(names), Origin("http", "upstream", port))
    told = caught.value.message
    order = sorted(refused, key=lambda address: told.index(f"{address}: "))
    assert order == ["::1", "127.0.0.8", "::ffff:127.0.0.7", "127.0.0.9"]


async def test_the_current_addresses_are_the_allowed_ones_or_unknown() -> None:
    names = Names(upstream=["169.254.169.254", "127.0.0.1"], closed=["10.0.0.1"])
    dial = dialer(names, AddressPolicy(loopback=True, private=False))
    assert await dial.current(Origin("http", "upstream", 80)) == frozenset({"127.0.0.1"})
    assert await dial.current(Origin("http", "closed", 80)) == frozenset()
    assert await dial.current(Origin("http", "nowhere", 80)) is None
