"""Logging in and changing a password, in a real browser before a real control plane."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Page, expect

from support.admin_site import admin_site
from support.browser import browser, needs_chromium
from support.control_plane import ADMIN, PASSWORD, Plane, open_plane
from support.control_plane_api import ControlPlaneApi
from support.mcp_servers import serve
from support.people import try_login

pytestmark = needs_chromium
NEXT = "another long password"


@asynccontextmanager
async def opened(registry: str, **settings: Any) -> AsyncIterator[tuple[Plane, Page]]:
    async with (
        open_plane(registry, **settings) as plane,
        serve(plane.app) as base,
        admin_site(ControlPlaneApi(), base) as site,
        browser(site.base) as page,
    ):
        yield plane, page


async def log_in(page: Page, password: str) -> None:
    await page.goto("/admin/ui/profile")
    await page.get_by_label("Email").fill(ADMIN)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Log in").click()


async def change(page: Page, old: str, new: str, again: str = "") -> None:
    await page.get_by_label("Current password").fill(old)
    await page.get_by_label("New password", exact=True).fill(new)
    await page.get_by_label("New password once more").fill(again or new)
    await page.get_by_role("button", name="Change").click()


async def test_a_well_known_password_leads_to_its_change_and_then_to_where_one_was_going(
    registry: str,
) -> None:
    async with opened(registry, admin_password="changeme") as (plane, page):
        await log_in(page, "changeme")
        await expect(page.get_by_role("heading", name="Change your password")).to_be_visible()
        await change(page, "changeme", "short")
        await expect(page.get_by_role("alert")).to_contain_text("at least 15 characters")
        await change(page, "changeme", NEXT, "another one")
        await expect(page.get_by_role("alert")).to_contain_text("type the same twice")
        await change(page, "changeme", NEXT)
        await expect(page.get_by_role("heading", name="Profile")).to_be_visible()
        assert (await try_login(plane, NEXT, ADMIN)).status_code == 200


async def test_a_lock_is_told_at_the_login(registry: str) -> None:
    async with opened(registry, max_failures=2) as (_, page):
        for said in ("wrong email or password", "wrong email or password", "too many failed"):
            await log_in(page, "a guess")
            await expect(page.get_by_role("alert")).to_contain_text(said)


async def test_one_changes_ones_password_and_stays_logged_in_here_alone(registry: str) -> None:
    async with opened(registry) as (plane, page):
        await log_in(page, PASSWORD)
        await expect(page.get_by_role("heading", name="Profile")).to_be_visible()
        await change(page, "a guess", NEXT)
        await expect(page.get_by_role("alert")).to_contain_text("wrong email or password")
        await change(page, PASSWORD, NEXT)
        await expect(page.get_by_role("status")).to_contain_text("Your password was changed")
        await page.reload()
        await expect(page.get_by_role("heading", name="Profile")).to_be_visible()
        assert (await try_login(plane, PASSWORD, ADMIN)).status_code == 401


async def test_a_logout_ends_the_session_and_not_only_the_cookie(registry: str) -> None:
    async with opened(registry) as (plane, page):
        await log_in(page, PASSWORD)
        await expect(page.get_by_role("heading", name="Profile")).to_be_visible()
        [cookie] = [
            each for each in await page.context.cookies() if each["name"] == "mcpgateway_session"
        ]
        await page.get_by_role("button", name="Log out").click()
        await expect(page.get_by_role("heading", name="Log in")).to_be_visible()
        token = {"authorization": f"Bearer {cookie['value']}"}
        assert (await plane.http.get("/tools", headers=token)).status_code == 401


async def test_a_link_that_does_not_count_says_so(registry: str) -> None:
    async with opened(registry) as (_, page):
        await page.goto("/admin/reset-password/made-up")
        await expect(page.get_by_role("alert")).to_contain_text("does not count")
