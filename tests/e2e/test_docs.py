"""The pages that show the API's description, of the whole suite in a browser."""

import os
from pathlib import Path

from playwright.async_api import Page, expect

from support.browser import browser, needs_chromium
from support.suite import running_suite

pytestmark = needs_chromium

_PASSWORD = "a password of the tests"
_DRAWN = 60_000  # ms in which Redoc has drawn the whole description, also on a busy machine


async def test_the_pages_show_the_api_to_who_logs_in_and_try_a_request(tmp_path: Path) -> None:
    environ = {"PLATFORM_ADMIN_PASSWORD": _PASSWORD}
    async with (
        running_suite(tmp_path / "data", environ=environ) as suite,
        browser(suite.url, ignore_https_errors=suite.certificate is not None) as page,
    ):
        await page.goto("/docs")
        await page.get_by_label("Email").fill("admin@example.com")
        await page.get_by_label("Password").fill("not the password")
        await page.get_by_role("button", name="Show").click()
        await expect(page.get_by_role("alert")).not_to_be_empty()
        await page.get_by_label("Password").fill(_PASSWORD)
        await page.get_by_role("button", name="Show").click()
        await _try(page)
        await _picture(page, "docs")

        await page.goto("/redoc")
        heading = page.get_by_role("heading", name="Make a gateway")
        await expect(heading).to_be_visible(timeout=_DRAWN)
        await _picture(page, "redoc")


async def _try(page: Page) -> None:
    """One request of the page's own, with the token that it has."""
    await page.locator("#operations-tag-system").click()
    operation = page.locator("#operations-system-get_version")
    await operation.locator(".opblock-summary-control").click()
    await operation.get_by_role("button", name="Try it out").click()
    await operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table")
    await expect(answer).to_contain_text("200")
    await expect(answer).to_contain_text("mcp_protocol_version")


async def _picture(page: Page, name: str) -> None:
    """For somebody who wants to look."""
    if folder := os.environ.get("TEST_PICTURES"):
        await page.screenshot(path=Path(folder) / f"{name}.png")
