"""`/metrics` of running replicas: one scrape of all, whichever is asked, and who may."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2

from mcpgateway.data_plane.edge.metrics import MISSING, SHOWN
from support.data_plane import catalogue_of
from support.data_plane_process import gateway, ready, running, save_table
from support.endpoint import META, mirrored
from support.http import free_port
from support.mcp_servers import mcp_server
from support.registries import upstream
from support.suite import descendants
from support.wait import until

ECHO: dict[str, Any] = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "fixture-echo", "arguments": {"text": "hi"}},
}
SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")
CALLS = "mcpgateway_calls_total"


class Scrape:
    """The samples of one answer."""

    def __init__(self, text: str) -> None:
        lines = [line for line in text.splitlines() if not line.startswith("#")]
        self.samples: list[tuple[str, dict[str, str], float]] = []
        for line in lines:
            found = SAMPLE.match(line)
            assert found is not None, line
            labels = dict(re.findall(r'(\w+)="([^"]*)"', found[2] or ""))
            self.samples.append((found[1], labels, float(found[3])))

    def total(self, name: str, **labels: str) -> float:
        return sum(
            value
            for found, at, value in self.samples
            if found == name and labels.items() <= at.items()
        )

    def replicas(self) -> set[str]:
        """Those that listen on the public address."""
        return {at["replica"] for _, at, _ in self.samples if at.get("listener") == "public"}


async def scrape(http: httpx2.AsyncClient) -> Scrape:
    answer = await http.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return Scrape(answer.text)


@asynccontextmanager
async def serving(
    folder: Path, *args: str, **more: str
) -> AsyncIterator[tuple[asyncio.subprocess.Process, httpx2.AsyncClient]]:
    """A data plane before an upstream."""
    port = free_port()
    async with mcp_server(era="modern") as server:
        there = upstream("u1", slug="fixture", url=server.url, loopback_allowed=True)
        save_table(folder, there, *catalogue_of(there))
        async with running(folder, port, *args, **more) as process, gateway(port) as http:
            await ready(http)
            yield process, http


async def call(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/mcp", json=ECHO)
    assert answer.json()["result"]["content"][0]["text"] == "hi"


async def test_calls_are_counted_once_each_and_everything_else_is_shown(tmp_path: Path) -> None:
    async with serving(tmp_path, "--replica", "3") as (_, http):
        for _ in range(20):
            await call(http)
        shown = await scrape(http)
        of = {"upstream": "fixture", "method": "tools/call", "replica": "3"}
        assert shown.total(CALLS, **of, outcome="ok") == 20
        assert shown.total("mcpgateway_call_duration_seconds_count", **of) == 20
        assert shown.total("mcpgateway_calls_in_flight", **of) == 0
        assert shown.total("mcpgateway_table_revision", replica="3") == 7
        assert shown.total("mcpgateway_nats_connected", replica="3") == 0
        assert shown.total("mcpgateway_http_responses_total", listener="public", status="200") >= 20
        assert shown.total("mcpgateway_pool_connects_total", pool="upstreams") >= 1
        assert shown.total("process_resident_memory_bytes", replica="3") > 10_000_000
        assert (shown.total(SHOWN), shown.total(MISSING)) == (1, 0)


async def test_calls_that_repeat_their_head_and_go_by_a_shortcut_count_all_the_same(
    tmp_path: Path,
) -> None:
    whole = {**ECHO["params"], "_meta": META}
    lines = {name.decode(): value.decode() for name, value in mirrored("tools/call", whole)}
    async with serving(tmp_path) as (_, http):
        for id in range(50):
            body = {**ECHO, "id": id, "params": whole}
            answer = await http.post("/mcp", json=body, headers=lines)
            assert answer.json()["id"] == id
        shown = await scrape(http)
        of = {"upstream": "fixture", "method": "tools/call"}
        assert shown.total(CALLS, **of, outcome="ok") == 50
        assert shown.total("mcpgateway_call_duration_seconds_count", **of) == 50
        assert shown.total("mcpgateway_call_response_bytes_total", **of) > 50 * 20
        assert shown.total("mcpgateway_calls_in_flight", **of) == 0
        assert shown.total("mcpgateway_http_responses_total", listener="public", status="200") >= 50
        sent = shown.total("mcpgateway_http_sent_bytes_total", listener="public")
        assert sent > shown.total("mcpgateway_call_response_bytes_total", **of)


async def test_one_scrape_shows_all_workers_and_the_calls_of_each(tmp_path: Path) -> None:
    async with serving(tmp_path, "--workers", "2") as (_, http):

        async def both() -> bool:
            return (await scrape(http)).replicas() == {"0", "1"}

        await until(both, "both replicas are in one scrape")
        for _ in range(10):  # each on a connection of its own: the kernel spreads them
            async with gateway(http.base_url.port or 0) as one:
                await call(one)
        shown = await scrape(http)
        assert shown.total(CALLS, method="tools/call", outcome="ok") == 10
        assert (shown.total(SHOWN), shown.total(MISSING)) == (2, 0)


async def test_a_worker_killed_under_load_costs_its_own_connections_and_comes_back(
    tmp_path: Path,
) -> None:
    async with serving(tmp_path, "--workers", "2") as (process, http):
        port = http.base_url.port or 0

        async def whole() -> bool:
            async with gateway(port) as one:
                try:
                    shown = await scrape(one)
                except httpx2.TransportError:
                    return False  # it was on its way to the one that died
            return (shown.replicas(), shown.total(MISSING)) == ({"0", "1"}, 0)

        await until(whole, "two replicas serve")
        stop = asyncio.Event()
        failed = [0] * 4

        async def load(number: int) -> None:
            while not stop.is_set():
                async with gateway(port) as one:
                    try:
                        await call(one)
                    except httpx2.TransportError:
                        failed[number] += 1

        loads = [asyncio.create_task(load(number)) for number in range(len(failed))]
        first = descendants(process.pid)
        os.kill(first[0], signal.SIGKILL)

        async def whole_again() -> bool:
            return first[0] not in descendants(process.pid) and await whole()

        await until(whole_again, "a scrape shows both, none missing")
        stop.set()
        await asyncio.gather(*loads)
        # What was under way on the dead one, or in its queue, and nothing after that.
        assert max(failed) <= 3
        assert not list((tmp_path / "replicas").glob("*.new"))
        assert len(list((tmp_path / "replicas").iterdir())) == 2


async def test_from_elsewhere_metrics_need_a_token_that_may(tmp_path: Path) -> None:
    far = {"X-Forwarded-For": "192.0.2.1"}
    async with serving(tmp_path, MCPGATEWAY_METRICS_TOKEN="a-scraper-s-token") as (_, http):
        admins = await http.get("/metrics", headers=far)
        assert admins.status_code == 200
        async with gateway(http.base_url.port or 0) as nobody:
            del nobody.headers["Authorization"]
            assert (await nobody.get("/metrics")).status_code == 200
            assert (await nobody.get("/metrics", headers=far)).status_code == 401
            assert (await nobody.get("/metrics/replica")).status_code == 401
            known = {**far, "Authorization": "Bearer a-scraper-s-token"}
            answer = await nobody.get("/v1/metrics/prometheus", headers=known)
            assert answer.status_code == 200
            assert (await nobody.post("/metrics")).status_code == 405


async def test_metrics_can_be_switched_off(tmp_path: Path) -> None:
    async with serving(tmp_path, ENABLE_METRICS="false") as (_, http):
        for path in ("/metrics", "/metrics/replica", "/v1/metrics/prometheus"):
            assert (await http.get(path)).status_code == 404
