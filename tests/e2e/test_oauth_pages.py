"""The authorization server's pages in a browser: log in, agree, and be sent back."""

from pathlib import Path

from playwright.async_api import Route, expect

from support.browser import browser, needs_chromium
from support.door import Door
from support.door_http import plain_client
from support.oauth import REDIRECT, OAuthUser, said
from support.suite import running_suite

pytestmark = needs_chromium

_EMAIL, _PASSWORD = "admin@example.com", "a password of the tests"


async def test_somebody_logs_in_and_lets_a_client_in(tmp_path: Path) -> None:
    environ = {"PLATFORM_ADMIN_PASSWORD": _PASSWORD}
    data = tmp_path / "data"
    async with (
        running_suite(data, environ=environ, door=Door.HTTP1) as suite,
        plain_client(suite.url) as http,
        browser(suite.url, "http://127.0.0.1:41234") as page,
    ):
        client = OAuthUser(http, _EMAIL, _PASSWORD)
        await client.register(client_name="A <b>client</b>")
        arrived: list[str] = []

        async def catch(route: Route) -> None:
            arrived.append(route.request.url)
            await route.fulfill(body="back at the client")

        await page.route(f"{REDIRECT}**", catch)
        asked = http.build_request("GET", "/authorize", params=client.request())
        await page.goto(str(asked.url))
        await page.get_by_label("Email").fill(_EMAIL)
        await page.get_by_label("Password").fill("wrong")
        await page.get_by_role("button", name="Log in").click()
        await expect(page.get_by_role("alert")).to_contain_text("Wrong email or password")
        await page.get_by_label("Password").fill(_PASSWORD)
        await page.get_by_role("button", name="Log in").click()
        await expect(page.get_by_role("heading")).to_contain_text("A <b>client</b>")
        await expect(page.get_by_text("your computer (127.0.0.1:41234)")).to_be_visible()
        await page.get_by_role("button", name="Allow").click()
        await expect(page.get_by_text("back at the client")).to_be_visible()
        answer = await client.redeem(said(arrived[0])["code"])
        assert answer.status_code == 200, answer.text
