"""The admin pages in a real browser: what scripts, styles and the content policy make of them."""

import pytest
from playwright.async_api import Page, expect

from support.admin_site import admin_site
from support.browser import browser, needs_chromium
from support.control_plane_api import EMAIL, PASSWORD, ControlPlaneApi

pytestmark = needs_chromium


async def _log_in(page: Page) -> None:
    await page.goto("/admin")
    await page.get_by_label("Email").fill(EMAIL)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_role("heading", name="Overview")).to_be_visible()


def _demo() -> ControlPlaneApi:
    api = ControlPlaneApi()
    time = api.add_upstream("fast_time", {"get_time": "The time.", "convert": "Another zone."})
    api.add_prompt(time, "greet")
    api.add_server("demo", list(api.tools)[:1])
    api.add_replica("host-1-abc")
    return api


async def test_from_the_first_login_to_a_snippet_in_the_clipboard() -> None:
    api = ControlPlaneApi()
    api.add_replica("host-1-abc")
    async with admin_site(api) as site, browser(site.base) as page:
        await _log_in(page)
        await page.get_by_role("link", name="Register an upstream").click()
        await page.get_by_label("Name", exact=True).fill("fast_time")
        await page.get_by_label("URL").fill("http://unreachable/mcp")
        await expect(page.get_by_label("Token", exact=True)).to_be_hidden()
        await page.get_by_label("Credentials").select_option("bearer")
        await page.get_by_label("Token", exact=True).fill("t0ken")
        await page.get_by_role("button", name="Register").click()
        await expect(page.get_by_role("alert")).to_contain_text("connection refused")

        await page.get_by_label("URL").fill("http://localhost:8003/mcp")
        await page.get_by_role("button", name="Register").click()
        await expect(page.get_by_role("status")).to_contain_text("fast_time is registered")
        await page.get_by_role("link", name="Overview").click()
        await page.get_by_role("link", name="Bundle some of them").click()
        await page.get_by_label("Name", exact=True).fill("demo")
        await page.get_by_label("Filter").fill("nothing like it")
        await expect(page.get_by_role("checkbox")).to_be_hidden()
        await page.get_by_label("Filter").fill("zone TIME")
        await page.get_by_role("button", name="Pick all shown").click()
        await expect(page.get_by_text("1 picked")).to_be_visible()
        await page.get_by_role("button", name="Bundle").click()
        await expect(page.get_by_role("status")).to_contain_text("demo is ready")

        await page.get_by_role("tab", name="curl").click()
        await expect(page.get_by_role("tabpanel")).to_have_count(1)
        await page.get_by_role("button", name="Copy curl").click()
        await expect(page.get_by_role("button", name="Copy curl")).to_have_text("Copied")
        copied = await page.evaluate("navigator.clipboard.readText()")
        assert copied.startswith(f"curl -s http://localhost:4444/servers/{next(iter(api.servers))}")


async def test_tabs_answer_to_the_keyboard() -> None:
    api = _demo()
    async with admin_site(api) as site, browser(site.base) as page:
        await _log_in(page)
        await page.goto(f"/admin/ui/servers/{next(iter(api.servers))}")
        await page.get_by_role("tab", name="Streamable HTTP").focus()
        await page.keyboard.press("ArrowLeft")
        await expect(page.get_by_role("tab", name="curl")).to_be_focused()
        await expect(page.get_by_role("tab", selected=True)).to_have_text("curl")


async def test_replicas_and_counts_renew_themselves_also_after_an_outage() -> None:
    api = _demo()
    async with admin_site(api) as site, browser(site.base) as page:
        await _log_in(page)
        await expect(page.locator(".cards li").last).to_contain_text("1 replica")
        await page.get_by_role("link", name="Replicas", exact=True).click()
        await expect(page.get_by_text("Up to date")).to_have_count(1)
        api.add_replica("host-2-def", revision=3)
        await expect(page.get_by_text("4 behind")).to_be_visible()
        api.down = True
        await expect(page.get_by_role("alert")).to_contain_text("the database is not reachable")
        api.down = False
        await expect(page.get_by_text("host-2-def")).to_be_visible()


async def test_a_live_page_whose_session_ended_goes_to_the_login_and_back() -> None:
    api = _demo()
    async with admin_site(api) as site, browser(site.base) as page:
        await _log_in(page)
        await page.goto("/admin/ui/replicas")
        api.expired = True
        await expect(page.get_by_role("heading", name="Log in")).to_be_visible()
        api.expired = False
        await page.get_by_label("Email").fill(EMAIL)
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Log in").click()
        await expect(page.get_by_role("heading", name="Replicas")).to_be_visible()


async def test_typing_narrows_the_tools_down_and_the_address_says_so() -> None:
    async with admin_site(_demo()) as site, browser(site.base) as page:
        await _log_in(page)
        await page.goto("/admin/ui/tools")
        await page.get_by_label("Search").press_sequentially("convert")
        await expect(page.get_by_text("1 tool", exact=True)).to_be_visible()
        await expect(page.get_by_role("link", name="fast-time-get-time")).to_be_hidden()
        await expect(page.get_by_label("Search")).to_be_focused()
        await page.wait_for_url("**/admin/ui/tools?q=convert")


async def test_deleting_asks_first_and_keeps_on_a_second_thought() -> None:
    api = _demo()
    async with admin_site(api) as site, browser(site.base) as page:
        await _log_in(page)
        await page.goto("/admin/ui/upstreams")
        await page.get_by_role("link", name="fast_time").click()
        await page.get_by_role("link", name="Delete").click()
        await expect(page.get_by_text("These servers lose tools")).to_be_visible()
        await page.get_by_role("link", name="Keep it").click()
        await page.get_by_role("link", name="Delete").click()
        await page.get_by_role("button", name="Delete fast_time").click()
        await expect(page.get_by_role("heading", name="No upstream yet")).to_be_visible()
    assert api.upstreams == {}


async def test_everything_but_copying_works_without_scripts() -> None:
    api = _demo()
    options = {"java_script_enabled": False}
    async with admin_site(api) as site, browser(site.base, **options) as page:
        await _log_in(page)
        await page.goto("/admin/ui/upstreams/new")
        await page.get_by_label("Name", exact=True).fill("second")
        await page.get_by_label("URL").fill("http://localhost:9/mcp")
        await page.get_by_role("button", name="Register").click()
        await expect(page.get_by_role("status")).to_contain_text("second is registered")
        await page.goto(f"/admin/ui/servers/{next(iter(api.servers))}")
        await expect(page.get_by_role("tabpanel")).to_have_count(4)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_text_stands_out_from_its_ground(scheme: str) -> None:
    """WCAG 2.2 AA: 4.5 to 1, for every text of three pages with all colours of the design."""
    api = _demo()
    api.add_upstream("broken", reachable=False, lastError="connection refused")
    api.add_replica("host-2-def", revision=3)
    options = {"color_scheme": scheme}
    async with admin_site(api) as site, browser(site.base, **options) as page:
        await _log_in(page)
        for path in ("/admin", "/admin/ui/replicas", "/admin/ui/upstreams/new"):
            await page.goto(path)
            weak = await page.evaluate(_CONTRAST)
            assert weak == [], path


_CONTRAST = """() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const linear = (part) => part <= .03928 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => .2126 * linear(r / 255) + .7152 * linear(g / 255)
    + .0722 * linear(b / 255);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour[3] !== 0) return colour;
    }
    return [255, 255, 255];
  };
  const weak = [];
  for (const element of document.querySelectorAll("main *, header *")) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !element.checkVisibility()) continue;
    const [a, b] = [light(parse(getComputedStyle(element).color)), light(ground(element))];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) weak.push(`${element.textContent.trim()}: ${ratio.toFixed(2)}`);
  }
  return weak;
}"""
