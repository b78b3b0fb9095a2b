"""The admin pages of the whole suite: what a newcomer does, and whether its snippets work."""

import asyncio
import json
import os
import shutil
import sys
from pathlib import Path

from mcp import Client, StdioServerParameters
from playwright.async_api import Page, expect

from support.browser import browser, needs_chromium
from support.mcp_servers import mcp_server
from support.suite import Suite, running_suite, text_of

pytestmark = needs_chromium

_PASSWORD = "a password of the tests"


async def test_what_the_pages_make_can_be_called_by_every_snippet_they_show(
    tmp_path: Path,
) -> None:
    environ = {"PLATFORM_ADMIN_PASSWORD": _PASSWORD}
    data = tmp_path / "data"
    async with (
        running_suite(data, environ=environ) as suite,
        mcp_server() as upstream,
        browser(suite.url, ignore_https_errors=suite.certificate is not None) as page,
    ):
        await _log_in(page)
        await _register(page, upstream.url)
        await _bundle(page)
        texts = {
            id: await page.locator(f"#text-{id}").text_content() or ""
            for id in ("http", "stdio", "python", "curl")
        }
        await page.goto("/admin/ui/replicas")
        await expect(page.get_by_text("Up to date")).to_have_count(1)

        assert suite.url in json.loads(texts["http"])["mcpServers"]["demo"]["url"]
        await _through_wrapper(suite, texts["stdio"])
        assert "calc-add" in await _output(suite, sys.executable, "-c", texts["python"])
        if shutil.which("curl"):
            assert "calc-add" in await _output(suite, "sh", "-c", texts["curl"])


async def _log_in(page: Page) -> None:
    await page.goto("/admin")
    await page.get_by_label("Email").fill("admin@example.com")
    await page.get_by_label("Password").fill(_PASSWORD)
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_role("heading", name="Start here")).to_be_visible()


async def _register(page: Page, url: str) -> None:
    await page.goto("/admin/ui/upstreams/new")
    await page.get_by_label("Name", exact=True).fill("calc")
    await page.get_by_label("URL").fill("http://127.0.0.1:9/mcp")
    await page.get_by_role("button", name="Register").click()
    await expect(page.get_by_role("alert")).to_contain_text("127.0.0.1:9")
    await page.get_by_label("URL").fill(url)
    await page.get_by_role("button", name="Register").click()
    await expect(page.get_by_role("status")).to_contain_text("In force on 1 of 1 replica")


async def _bundle(page: Page) -> None:
    await page.goto("/admin/ui/servers/new")
    await page.get_by_label("Name", exact=True).fill("demo")
    await page.get_by_label("Filter").fill("calc-add")
    await page.get_by_role("button", name="Pick all shown").first.click()
    await page.get_by_role("button", name="Bundle").click()
    await expect(page.get_by_role("status")).to_contain_text("In force on 1 of 1 replica")


async def _through_wrapper(suite: Suite, text: str) -> None:
    entry = json.loads(text)["mcpServers"]["demo"]
    server = StdioServerParameters(
        command=sys.executable,  # python3 of the page, in the environment of the tests
        args=entry["args"],
        env={**entry["env"], **suite.trusting, "MCP_AUTH": f"Bearer {suite.token}"},
    )
    for mode, spoken in (("auto", "2026-07-28"), ("legacy", "2025-11-25")):
        async with asyncio.timeout(30), Client(server, mode=mode) as client:
            assert client.protocol_version == spoken
            result = await client.call_tool("calc-add", {"a": 2, "b": 3})
            assert text_of(result) == "5"


async def _output(suite: Suite, *command: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        env={"PATH": os.environ["PATH"], **suite.trusting, "MCP_AUTH": suite.token},
    )
    out, _ = await asyncio.wait_for(process.communicate(), 30)
    return out.decode()
