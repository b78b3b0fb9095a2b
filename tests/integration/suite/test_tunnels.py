"""Servers behind NAT: served through tunnels that break, at a running suite."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from support import slow_tools
from support.suite import Suite, running_suite, text_of
from support.tunnels import TunnelProcess, network, tunnel
from support.wait import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def suite(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Suite]:
    settings = {"MCPGATEWAY_TUNNELS_ENABLED": "true", "SSRF_ALLOW_LOCALHOST": "false"}
    folder = tmp_path_factory.mktemp("tunnels")
    async with running_suite(folder / "data", "--replicas", "2", environ=settings) as suite:
        yield suite


def port_of(suite: Suite) -> int:
    return urlsplit(suite.url).port or 0


def environ(suite: Suite) -> dict[str, str]:
    return suite.trusting


async def register(suite: Suite, name: str, **fields: Any) -> dict[str, Any]:
    body = {"name": name, "transport": "TUNNEL", **fields}
    async with suite.http() as http:
        answer = await http.post("/gateways?wait=applied", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def gateway(suite: Suite, id: str) -> dict[str, Any]:
    async with suite.http() as http:
        return dict((await http.get(f"/gateways/{id}")).json())


async def served(suite: Suite, id: str, process: TunnelProcess) -> str:
    """Waits until its tool is offered, and makes a server of it; its path."""

    async def found() -> bool:
        assert process.process.returncode is None, process.lines
        return bool((await gateway(suite, id))["toolCount"] == 1)

    await until(found, "what comes through the tunnel was found out")
    (tool,) = [each for each in await suite.tools() if each["gatewayId"] == id]
    server = await suite.bundle(f"of-{id}", [tool["id"]])
    return f"/servers/{server}/mcp"


async def call(suite: Suite, path: str, tool: str, mode: str, keys: list[str], s: float) -> None:
    """All of them at once; each is answered its own."""
    async with suite.client(path, mode) as client:
        answers = await asyncio.gather(
            *(client.call_tool(tool, {"key": key, "seconds": s}) for key in keys)
        )
    assert [text_of(answer) for answer in answers] == keys


async def test_a_gateway_is_registered_before_its_tunnel_and_called_once_it_is_open(
    suite: Suite, tmp_path: Path
) -> None:
    made = await register(suite, "afar")
    assert (made["transport"], made["reachable"], made["toolCount"]) == ("TUNNEL", False, 0)

    command = f"{slow_tools.COMMAND} {tmp_path / 'ledger'}"
    async with tunnel(suite.url, suite.token, "afar", command, **environ(suite)) as process:
        path = await served(suite, made["id"], process)
        for mode in ("legacy", "2026-07-28"):
            await call(suite, path, "afar-write", mode, [mode], 0)
        assert (await gateway(suite, made["id"]))["reachable"] is True
    assert process.process.returncode == 0

    async def gone() -> bool:
        return not (await gateway(suite, made["id"]))["reachable"]

    await until(gone, "it is told that nobody serves it any more")


async def test_no_call_is_lost_or_made_twice_while_the_connection_breaks(
    suite: Suite, tmp_path: Path
) -> None:
    ledger = tmp_path / "ledger"
    made = await register(suite, "shaky")
    command = f"{slow_tools.COMMAND} {ledger}"
    async with network(port_of(suite)) as way:
        url = suite.url.replace(str(port_of(suite)), str(way.port))
        async with tunnel(url, suite.token, made["id"], command, **environ(suite)) as process:
            path = await served(suite, made["id"], process)
            keys = {mode: [f"{mode}-{n}" for n in range(10)] for mode in ("legacy", "2026-07-28")}
            calls = [
                asyncio.create_task(call(suite, path, "shaky-write", mode, each, 1.5))
                for mode, each in keys.items()
            ]
            for _ in range(3):
                opened = process.said("the tunnel is open")
                way.cut()
                await until(
                    lambda before=opened: process.said("the tunnel is open") > before,
                    "it dials again",
                )
            await asyncio.gather(*calls)
            assert way.accepted >= 4

            way.down = True  # what is called while there is no connection waits for one
            way.cut()
            later = asyncio.create_task(
                call(suite, path, "shaky-write", "legacy", ["in between"], 0)
            )
            await until(lambda: process.said("trying again") >= 4, "it is refused")
            assert not later.done()
            way.down = False
            await later

    written = Counter(ledger.read_text().split("\n"))
    written.pop("")
    assert written == Counter([*keys["legacy"], *keys["2026-07-28"], "in between"])


async def test_after_a_restart_of_runner_or_replicas_later_calls_work(
    suite: Suite, tmp_path: Path
) -> None:
    made = await register(suite, "lasting")
    command = f"{slow_tools.COMMAND} {tmp_path / 'ledger'}"
    async with tunnel(suite.url, suite.token, "lasting", command, **environ(suite)) as process:
        path = await served(suite, made["id"], process)
        for role in ("runner", "data-plane"):
            opened = process.said("the tunnel is open")
            suite.kill(role)
            await until(
                lambda before=opened: process.said("the tunnel is open") > before,
                f"the tunnel is open again after {role} was killed",
            )
            await call(suite, path, "lasting-write", "legacy", [role], 0)


async def test_who_may_not_serve_a_gateway_opens_no_tunnel(suite: Suite, tmp_path: Path) -> None:
    await register(suite, "guarded")
    for gateway_name, token, words in (
        ("guarded", "nobody", "401"),
        ("not-there", suite.token, "404"),
    ):
        command = f"{slow_tools.COMMAND} {tmp_path / 'ledger'}"
        async with tunnel(suite.url, token, gateway_name, command, **environ(suite)) as process:
            async with asyncio.timeout(20):
                assert await process.process.wait() != 0
        assert words in "\n".join(process.lines)


async def test_a_second_tunnel_waits_while_the_first_is_connected(
    suite: Suite, tmp_path: Path
) -> None:
    made = await register(suite, "shared")
    first_ledger, second_ledger = tmp_path / "first", tmp_path / "second"
    command = f"{slow_tools.COMMAND} {first_ledger}"
    async with tunnel(suite.url, suite.token, "shared", command, **environ(suite)) as first:
        path = await served(suite, made["id"], first)
        command = f"{slow_tools.COMMAND} {second_ledger}"
        async with tunnel(suite.url, suite.token, "shared", command, **environ(suite)) as second:
            await until(lambda: second.said("another one serves") > 0, "it is told to wait")
            await call(suite, path, "shared-write", "legacy", ["one"], 0)
            await first.stop()
            await until(lambda: second.said("the tunnel is open") > 0, "it takes over")
            await call(suite, path, "shared-write", "legacy", ["two"], 0)
    assert first_ledger.read_text() == "one\n"
    assert second_ledger.read_text() == "two\n"
