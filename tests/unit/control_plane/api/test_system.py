"""What is answered to who has only the address."""

from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from starlette.routing import Router

from mcpgateway.common.policy.security_headers import SecurityHeaders
from mcpgateway.control_plane.api.http.cookies import Cookies
from mcpgateway.control_plane.api.http.shell import Shell
from mcpgateway.control_plane.api.system import About, System
from mcpgateway.control_plane.registry.model import Viewer


class NoStore:
    """A registry and a fleet that nobody asks."""

    async def viewer(self, authorization: str | None) -> Viewer:
        raise AssertionError("nobody is asked for a token here")

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} was asked for")


def now() -> datetime:
    return datetime(2026, 11, 22, tzinfo=UTC)


async def database() -> str:
    return "18"


def site(*, pages: bool) -> httpx2.AsyncClient:
    nobody: Any = NoStore()
    about = About("1.2.3", now(), now, {}, database, pages=pages)
    app = Shell(
        Router(System(nobody, nobody, about).routes()), nobody, "edge", Cookies(), SecurityHeaders()
    )
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://test")


async def test_a_browser_is_sent_to_the_admin_pages() -> None:
    async with site(pages=True) as http:
        answer = await http.get("/")
    assert (answer.status_code, answer.headers["location"]) == (307, "/admin")


async def test_without_pages_the_answer_says_what_this_is_and_where_to_go_on() -> None:
    async with site(pages=False) as http:
        body = (await http.get("/")).json()
        assert (body["name"], body["version"]) == ("mcpgateway", "1.2.3")
        assert body["links"]["mcp"] == "/mcp"
        assert (await http.get(body["links"]["health"])).status_code == 200


@pytest.mark.parametrize("pages", [True, False])
async def test_there_is_no_icon_and_no_token_is_asked_for_it(pages: bool) -> None:
    async with site(pages=pages) as http:
        assert (await http.get("/favicon.ico")).status_code == 404
