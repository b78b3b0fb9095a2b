from ipaddress import ip_network
from typing import Any

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, Router

from mcpgateway.common.errors import Unauthenticated
from mcpgateway.common.metrics.instruments import Registry
from mcpgateway.common.policy.scraping import Scraping
from mcpgateway.common.runtime.asgi_metrics import IsAdmin, Measured, naming

NEAR = Scraping((ip_network("127.0.0.0/8"),), "a-token")


async def item(request: Request) -> Response:
    return PlainTextResponse(request.path_params["id"], 201)


async def broken(_: Request) -> Response:
    raise RuntimeError


async def is_admin(authorization: str | None) -> bool:
    if authorization not in ("Bearer admin", "Bearer user"):
        raise Unauthenticated("unknown")
    return authorization == "Bearer admin"


def service(is_admin: IsAdmin | None = is_admin) -> Measured:
    routes = [Route("/items/{id}", item, methods=["GET"]), Route("/broken", broken)]
    router = Router(routes)
    return Measured(naming(router, routes), Registry(), NEAR, is_admin)


def client(app: Any, peer: str = "127.0.0.1") -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False, client=(peer, 1))
    return httpx2.AsyncClient(transport=transport, base_url="http://service")


async def test_requests_count_by_the_route_that_answered_them_and_not_by_their_paths() -> None:
    app = service()
    async with client(app) as http:
        for id in ("a", "b", "c"):
            assert (await http.get(f"/items/{id}")).status_code == 201
        assert (await http.get("/nothing")).status_code == 404
        assert (await http.request("BREW", "/nothing")).status_code == 404
        assert (await http.get("/broken")).status_code == 500
        text = (await http.get("/metrics")).text
    for line in (
        'http_requests_total{handler="/items/{id}",method="GET",status="201"} 3',
        'http_requests_total{handler="none",method="GET",status="404"} 1',
        'http_requests_total{handler="none",method="other",status="404"} 1',
        'http_requests_total{handler="/broken",method="GET",status="500"} 1',
        'http_request_duration_seconds_count{handler="/items/{id}",method="GET"} 3',
        "http_requests_inprogress 0",
    ):
        assert line in text.splitlines()


@pytest.mark.parametrize("path", ["/metrics", "/metrics/", "/v1/metrics", "/metrics/prometheus"])
async def test_a_near_peer_reads_metrics_without_a_word(path: str) -> None:
    async with client(service()) as http:
        answer = await http.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        ("", 401),
        ("Bearer x", 401),
        ("Bearer user", 403),
        ("Bearer admin", 200),
        ("Bearer a-token", 200),
    ],
)
async def test_from_elsewhere_one_has_to_be_an_administrator_or_know_the_token(
    authorization: str, status: int
) -> None:
    headers = {"authorization": authorization} if authorization else {}
    async with client(service(), "192.0.2.1") as http:
        answer = await http.get("/metrics", headers=headers)
    assert answer.status_code == status
    assert ("www-authenticate" in answer.headers) is (status == 401)


async def test_a_service_without_users_knows_no_administrators() -> None:
    async with client(service(None), "192.0.2.1") as http:
        answer = await http.get("/metrics", headers={"authorization": "Bearer admin"})
    assert answer.status_code == 401


async def test_metrics_are_only_read() -> None:
    async with client(service()) as http:
        answer = await http.post("/metrics")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
