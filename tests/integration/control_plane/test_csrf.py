"""A request that a browser's cookie speaks for: from our own pages, with a token of its session."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from support.control_plane import Plane, open_plane
from support.people import add, stranger, try_login

SITE = {"origin": "http://gateway.example"}
NEW = {"name": "made by a browser"}


@pytest.fixture
async def browser(plane: Plane) -> AsyncIterator[httpx2.AsyncClient]:
    """Has a session's cookie, and nothing else."""
    await add(plane)
    async with stranger(plane) as http:
        http.cookies.set(
            "mcpgateway_session",
            (await try_login(plane)).json()["access_token"],
            domain="gateway.example",
        )
        yield http


async def test_a_cookie_reads_without_more(browser: httpx2.AsyncClient) -> None:
    assert (await browser.get("/tools")).status_code == 200


async def test_a_write_needs_the_token_of_the_same_session(
    plane: Plane, browser: httpx2.AsyncClient
) -> None:
    said = (await browser.get("/auth/csrf-token")).json()
    token = {said["header_name"]: said["csrf_token"]}
    others = (await plane.http.get("/auth/csrf-token")).json()["csrf_token"]

    missing = await browser.post("/servers", json=NEW, headers=SITE)
    foreign = await browser.post("/servers", json=NEW, headers=SITE | {"X-CSRF-Token": others})
    right = await browser.post("/servers", json=NEW, headers=SITE | token)

    assert (missing.status_code, foreign.status_code, right.status_code) == (403, 403, 201)
    assert "GET /auth/csrf-token" in missing.json()["message"]
    assert "another session" in foreign.json()["message"]
    assert browser.cookies["mcpgateway_csrf_token"] == said["csrf_token"]


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"referer": "https://evil.example/form"},
    ],
)
async def test_another_sites_page_is_refused_even_with_the_token(
    browser: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    said = (await browser.get("/auth/csrf-token")).json()
    token = {said["header_name"]: said["csrf_token"]}
    answer = await browser.post("/servers", json=NEW, headers=headers | token)
    assert answer.status_code == 403


async def test_the_token_outlives_a_refresh_so_that_an_open_page_goes_on_working(
    plane: Plane, browser: httpx2.AsyncClient
) -> None:
    said = (await browser.get("/auth/csrf-token")).json()
    headers = SITE | {said["header_name"]: said["csrf_token"]}
    before = browser.cookies["mcpgateway_session"]
    refreshed = await browser.post("/auth/refresh", headers=headers)
    kept = refreshed.headers.get_list("set-cookie")

    assert refreshed.status_code == 200
    assert refreshed.json()["access_token"] != before
    assert any("mcpgateway_session=" in line and "HttpOnly" in line for line in kept)
    assert browser.cookies["mcpgateway_session"] == refreshed.json()["access_token"]
    assert (await browser.post("/servers", json=NEW, headers=headers)).status_code == 201


async def test_a_bearer_token_is_exempt_and_its_cookie_is_not_looked_at(
    plane: Plane, browser: httpx2.AsyncClient
) -> None:
    headers = {
        "authorization": plane.http.headers["authorization"],
        "origin": "https://app.example",
    }
    answer = await browser.post("/servers", json=NEW, headers=headers)
    assert answer.status_code == 201
    assert answer.json()["ownerEmail"] == "admin@example.com"


async def test_a_logout_takes_the_cookies_away(browser: httpx2.AsyncClient) -> None:
    said = (await browser.get("/auth/csrf-token")).json()
    headers = SITE | {said["header_name"]: said["csrf_token"]}
    answer = await browser.post("/auth/logout", headers=headers)
    lines = answer.headers.get_list("set-cookie")
    assert all("Max-Age=0" in line for line in lines)
    assert len(lines) == 2


async def test_a_login_of_the_api_gives_no_cookie_so_no_site_can_log_somebody_in(
    plane: Plane,
) -> None:
    await add(plane)
    assert "set-cookie" not in (await try_login(plane)).headers


async def test_cookies_are_secure_where_the_operator_says_so(registry: str) -> None:
    async with open_plane(registry, secure_cookies=True, cookie_samesite="strict") as plane:
        await add(plane)
        async with stranger(plane) as http:
            session = (await try_login(plane)).json()["access_token"]
            answer = await http.get(
                "/auth/csrf-token", headers={"cookie": f"mcpgateway_session={session}"}
            )
    line = answer.headers["set-cookie"]
    assert "Secure" in line
    assert "SameSite=strict" in line
