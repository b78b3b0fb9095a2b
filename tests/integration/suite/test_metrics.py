"""Each process of a running suite shows its metrics, and `up` passes on who may read them."""

from pathlib import Path

import httpx2
import pytest

from support.door_http import plain_client
from support.mcp_servers import mcp_server
from support.suite import Suite

pytestmark = pytest.mark.asyncio(loop_scope="module")


def listening(suite: Suite, role: str) -> httpx2.AsyncClient:
    """A client, without credentials, of the own port of a service."""
    environ = Path(f"/proc/{suite.pids(role)[0]}/environ").read_text()
    settings = dict(line.partition("=")[::2] for line in environ.split("\0"))
    return plain_client(f"http://127.0.0.1:{settings['PORT']}", timeout=30)


async def test_one_scrape_of_the_public_address_shows_both_replicas(suite: Suite) -> None:
    async with mcp_server() as upstream, suite.http() as http:
        await suite.register("metered", upstream.url)
        revision = (await http.get("/replicas")).json()["wanted"]
        lines = (await http.get("/metrics")).text.splitlines()
    for replica in ("0", "1"):
        assert f'mcpgateway_table_revision{{replica="{replica}"}} {revision}' in lines
        assert f'mcpgateway_nats_connected{{replica="{replica}"}} 1' in lines


async def test_the_control_plane_shows_what_it_published_and_who_has_it(suite: Suite) -> None:
    async with suite.http() as http:
        revision = (await http.get("/replicas")).json()["wanted"]
    async with listening(suite, "control-plane") as own:
        lines = (await own.get("/metrics")).text.splitlines()
    assert f"mcpgateway_published_revision {revision}" in lines
    assert "mcpgateway_replicas_live 2" in lines
    assert "mcpgateway_replicas_behind 0" in lines
    route = 'http_requests_total{handler="/replicas",method="GET",status="200"}'
    assert any(line.startswith(route) for line in lines)


async def test_the_admin_service_shows_its_own(suite: Suite) -> None:
    async with listening(suite, "admin") as own:
        assert (await own.get("/admin/login")).status_code == 200
        lines = (await own.get("/metrics")).text.splitlines()
    assert 'http_requests_total{handler="/admin/login",method="GET",status="200"} 1' in lines


async def test_no_service_shows_metrics_to_who_comes_from_elsewhere(suite: Suite) -> None:
    far = {"X-Forwarded-For": "192.0.2.1"}
    for role in ("control-plane", "admin"):
        async with listening(suite, role) as own:
            assert (await own.get("/metrics", headers=far)).status_code == 401
    async with suite.stranger() as nobody:
        assert (await nobody.get("/metrics", headers=far)).status_code == 401
