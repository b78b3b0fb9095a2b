"""Chromium for tests of pages: a fresh profile each time, and what it complained about."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import ConsoleMessage, Error, Page, Request, async_playwright

_CHROMIUM = Path("/usr/bin/chromium")
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

needs_chromium = pytest.mark.skipif(
    not _CHROMIUM.exists(), reason="chromium is not installed: apt-get install chromium"
)


class _Seen:
    """What a browser complained about, and where it went besides `sites`."""

    def __init__(self, sites: tuple[str, ...]) -> None:
        self.sites = sites
        self.errors: list[str] = []
        self.foreign: list[str] = []

    def error(self, error: Error) -> None:
        self.errors.append(str(error))

    def console(self, said: ConsoleMessage) -> None:
        if said.type == "error" and "Failed to load resource" not in said.text:
            self.errors.append(said.text)

    def request(self, sent: Request) -> None:
        if not sent.url.startswith(self.sites):
            self.foreign.append(sent.url)


@asynccontextmanager
async def browser(base: str, *others: str, **options: Any) -> AsyncIterator[Page]:
    """A page of a fresh browser. At its end nothing was complained about or fetched elsewhere than
    at `base` and `others`."""
    seen = _Seen((base, *others))
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=str(_CHROMIUM), args=list(_FLAGS)
        )
        context = await chromium.new_context(base_url=base, **options)
        await context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = await context.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", seen.error)
        page.on("console", seen.console)
        page.on("request", seen.request)
        try:
            yield page
        finally:
            await chromium.close()
    assert seen.foreign == []
    assert seen.errors == []
