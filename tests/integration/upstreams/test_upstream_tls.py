"""Calls to upstreams by https: by whom they are trusted, and what ends when that changes."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from mcp.shared.exceptions import MCPError
from msgspec.structs import replace

from mcpgateway.common.routing.build import build
from mcpgateway.common.routing.model import Credential, Key, Record
from support.data_plane import DataPlane, catalogue_of, data_plane
from support.endpoint import USER, signing_key, wire_sealed
from support.hostile import Hostile
from support.http import DEADLINE, Script
from support.mcp_servers import Era, Transport, mcp_server
from support.registries import server, tool, upstream
from support.tls import Authority, Issued, tls_before
from support.wait import until

OURS = Authority()
GATEWAY = OURS.issue("the gateway")
SERVER = "5" * 32
PATH = f"/servers/{SERVER}/mcp"


def records(url: str, ca: str = OURS.pem, shown: Issued | None = None, **more: Any) -> list[Record]:
    """An upstream with all that it offers, one server of it, and the key of what is shown."""
    cert = {"client_cert": shown.cert, "client_key": "u1:key"} if shown else {}
    record = upstream("u1", name="fixture", slug="fixture", url=url, ca_certificate=ca)
    record = replace(record, **cert, **more)
    members = [each for each in catalogue_of(record) if each.kind == "tool"]
    made: list[Record] = [record, *members]
    made.append(server(SERVER, tools=tuple(each.id for each in members)))
    if shown:
        sealed = wire_sealed("credential", "u1:key", shown.key.encode())
        made.append(Credential("u1:key", sealed))
    return made


def reached(era: Era = "modern", transport: Transport = "http") -> dict[str, Any]:
    return {
        "era": "legacy" if era == "legacy" else "modern",
        "transport": "SSE" if transport == "sse" else "STREAMABLEHTTP",
        "loopback_allowed": True,
    }


async def echo(plane: DataPlane) -> str:
    """What a call of `echo` is answered, or the words of its error."""
    async with plane.client(PATH, "legacy") as client:
        try:
            result = await client.call_tool("fixture-echo", {"text": "hi"})
        except MCPError as error:  # here: a client's exit would wrap it
            return error.message
        return str(result.content[0].text)  # type: ignore[union-attr]  # echo answers text


@pytest.mark.parametrize(
    ("era", "transport"), [("modern", "http"), ("legacy", "http"), ("legacy", "sse")]
)
async def test_every_kind_of_upstream_is_called_with_the_certificates_of_its_record(
    era: Era, transport: Transport, tmp_path: Path
) -> None:
    context = OURS.server(tmp_path, clients=OURS.pem)
    async with (
        mcp_server(era=era, transport=transport) as running,
        tls_before(running.url, context) as url,
        data_plane(*records(url, shown=GATEWAY, **reached(era, transport))) as plane,
    ):
        assert await echo(plane) == "hi"


async def called(url: str, ca: str, shown: Issued | None, **settings: str) -> str:
    async with data_plane(*records(url, ca, shown, **reached()), **settings) as plane:
        return await echo(plane)


@pytest.mark.parametrize(
    ("ca", "shown", "says"),
    [
        ("", GATEWAY, "its TLS certificate is not accepted"),
        (Authority().pem, GATEWAY, "its TLS certificate is not accepted"),
        (OURS.pem, None, "closed the connection|broke off TLS"),
    ],
    ids=["the system's authorities", "another authority", "no certificate of ours"],
)
async def test_who_is_not_trusted_gets_no_call(
    ca: str, shown: Issued | None, says: str, tmp_path: Path
) -> None:
    context = OURS.server(tmp_path, clients=OURS.pem)
    async with mcp_server(era="modern") as running, tls_before(running.url, context) as url:
        said = await called(url, ca, shown)
        assert said.startswith("upstream 'fixture'")
        assert any(each in said for each in says.split("|")), said
        assert running.catalogue.calls == []


async def test_unverified_is_everybody_but_where_the_record_names_an_authority(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    context = OURS.server(tmp_path)
    async with mcp_server(era="modern") as running, tls_before(running.url, context) as url:
        assert await called(url, "", None, SKIP_SSL_VERIFY="true") == "hi"
        assert "INSECURE: SKIP_SSL_VERIFY=true" in caplog.text
        said = await called(url, Authority().pem, None, SKIP_SSL_VERIFY="true")
        assert "certificate is not accepted" in said


async def test_a_key_that_can_not_be_opened_keeps_the_call_from_going_out(tmp_path: Path) -> None:
    context = OURS.server(tmp_path, clients=OURS.pem)
    async with mcp_server(era="modern") as running, tls_before(running.url, context) as url:
        made = [each for each in records(url, shown=GATEWAY, **reached()) if each.id != "u1:key"]
        async with data_plane(*made, Credential("u1:key", b"junk")) as plane:
            said = await echo(plane)
        assert said == "the client key of upstream 'fixture' can not be opened by this data plane"
        assert running.catalogue.calls == []


# What ends when an upstream is reached otherwise.


def never() -> Script:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise AssertionError("nothing else is called")

    return script


def pair(port: int, **more: Any) -> list[Record]:
    made: list[Record] = [server("s1", tools=("good-do", "held-do"))]
    for name in ("good", "held"):
        url = f"http://127.0.0.1:{port}/{name}"
        fields = {"url": url, "loopback_allowed": True, "credential": "c1", **more}
        made += [upstream(name, **fields), tool(f"{name}-do", name, name=f"{name}-do")]
    return made


def secret(text: bytes) -> Credential:
    return Credential("c1", wire_sealed("credential", "c1", b'[["x-key","%b"]]' % text))


async def call(plane: DataPlane, name: str) -> int:
    body = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": f"{name}-do", "arguments": {}},
    }
    headers = {"accept": "application/json, text/event-stream"}
    async with plane.http() as http:
        answer = await http.post("/servers/s1/mcp", json=body, headers=headers)
    assert "result" in answer.json(), answer.text
    return answer.status_code


@pytest.mark.parametrize("change", ["credential", "url", "gone"])
async def test_a_change_ends_idle_connections_and_lets_calls_finish(change: str) -> None:
    async with Hostile(never()) as hostile:
        before = pair(hostile.port)
        async with data_plane(*before, secret(b"old")) as plane:
            held = asyncio.create_task(call(plane, "held"))
            await asyncio.wait_for(hostile.holding.wait(), DEADLINE)
            await call(plane, "good")
            assert hostile.connections == 2
            touched = frozenset(Key("upstream", name) for name in ("good", "held"))
            after: list[Record] = [*before, secret(b"old")]
            if change == "credential":
                after = [*before, secret(b"new")]
                touched = frozenset({Key("credential", "c1")})
            elif change == "url":
                after = [*pair(hostile.port, transport="SSE"), secret(b"old")]
            else:
                after = [secret(b"old"), before[0]]
            revision = plane.tables.current.revision + 1
            table = build("a-registry", revision, (USER, signing_key(), *after))
            plane.tables.swap(table, touched)
            await until(lambda: hostile.open == 1, "the idle connection is closed", DEADLINE)
            hostile.answer()
            assert await held == 200
            await until(lambda: hostile.open == 0, "and the busy one after its call", DEADLINE)
            if change == "credential":
                await call(plane, "good")
                assert hostile.connections == 3
