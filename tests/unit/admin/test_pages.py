"""Every page against an API that knows the real answers' shapes."""

import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

import mcpgateway.admin
from support.admin_site import Browser, admin_site
from support.control_plane_api import EMAIL, ControlPlaneApi

_STATIC = Path(mcpgateway.admin.__file__).parent / "static"


@asynccontextmanager
async def _logged_in(api: ControlPlaneApi | None = None) -> AsyncIterator[Browser]:
    async with admin_site(api or ControlPlaneApi()) as browser:
        assert (await browser.log_in()).status == 200
        yield browser


def _demo() -> ControlPlaneApi:
    api = ControlPlaneApi()
    time = api.add_upstream("fast_time", {"get_time": "The time.", "convert": "Another zone."})
    api.add_upstream("broken", reachable=False, lastError="connection refused by 127.0.0.1:9")
    api.add_prompt(time, "greet")
    api.add_resource(time, "memo://notes/{id}", template=True)
    api.add_server("demo", list(api.tools)[:1])
    api.add_replica("host-1-abc")
    return api


async def test_who_is_not_logged_in_is_led_to_the_login_and_back() -> None:
    async with admin_site(_demo()) as browser:
        page = await browser.get("/admin/ui/tools?q=time")
        assert page.path == "/admin/login"
        assert 'name="next" value="/admin/ui/tools?q=time"' in page.text
        form = {"email": EMAIL, "password": "a password of the tests", "next": "/admin/ui/tools"}
        assert (await browser.send("/admin/login", form)).path == "/admin/ui/tools"


async def test_a_wrong_password_is_said_and_the_email_is_kept() -> None:
    async with admin_site(ControlPlaneApi()) as browser:
        page = await browser.send("/admin/login", {"email": EMAIL, "password": "wrong"})
        assert page.status == 401
        assert "email or password is wrong" in page.text
        assert f'value="{EMAIL}"' in page.text
        assert "wrong</" not in page.text.replace("is wrong</", "")


async def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites() -> None:
    async with admin_site(ControlPlaneApi()) as browser:
        form = {"email": EMAIL, "password": "a password of the tests"}
        answer = await browser.send("/admin/login", form, allow_redirects=False)
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert "secure" not in cookie  # plain http


async def test_secure_cookies_can_be_asked_for() -> None:
    async with admin_site(ControlPlaneApi(), secure_cookies=True) as browser:
        form = {"email": EMAIL, "password": "a password of the tests"}
        answer = await browser.send("/admin/login", form, allow_redirects=False)
        assert "secure" in answer.headers["set-cookie"].lower()


async def test_a_lost_session_ends_at_the_login_also_in_parts_of_pages() -> None:
    api = _demo()
    async with _logged_in(api) as browser:
        api.expired = True
        part = await browser.get("/admin/ui/replicas", headers={"hx-request": "true"})
        assert part.headers["hx-redirect"] == "/admin/login?next=/admin/ui/replicas"
        assert (await browser.get("/admin/ui/replicas")).path == "/admin/login"


async def test_log_out_ends_the_session() -> None:
    async with _logged_in() as browser:
        assert (await browser.send("/admin/logout")).path == "/admin/login"
        assert (await browser.get("/admin")).path == "/admin/login"


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/admin", "Register an upstream"),
        ("/admin/ui/upstreams", "No upstream yet"),
        ("/admin/ui/servers", "No server yet"),
        ("/admin/ui/servers/new", "Register an upstream"),
        ("/admin/ui/tools", "No tool yet"),
        ("/admin/ui/prompts", "No prompt yet"),
        ("/admin/ui/resources", "No resource yet"),
        ("/admin/ui/replicas", "No data plane is running"),
    ],
)
async def test_an_empty_page_says_what_to_do_next(path: str, says: str) -> None:
    async with _logged_in() as browser:
        page = await browser.get(path)
        assert page.status == 200
        assert says in page.text


async def test_the_overview_counts_and_names_what_is_broken() -> None:
    async with _logged_in(_demo()) as browser:
        page = (await browser.get("/admin/")).text
        counts = re.findall(r"<b>(\d+)</b> (\w+)", page)
        assert counts == [
            ("2", "upstreams"),
            ("1", "server"),
            ("2", "tools"),
            ("1", "prompt"),
            ("1", "resource"),
            ("1", "replica"),
        ]
        assert "connection refused by 127.0.0.1:9" in page
        assert "all at revision 7" in page


async def test_what_the_api_does_not_show_is_no_error() -> None:
    api = _demo()
    api.replicas_shown = False
    async with _logged_in(api) as browser:
        page = await browser.get("/admin")
        assert page.status == 200
        assert '/admin/ui/replicas"><b>' not in page.text
        assert "MCPGATEWAY_ADMIN_API_ENABLED" in (await browser.get("/admin/ui/replicas")).text


async def test_every_thing_that_is_listed_has_a_page() -> None:
    api = _demo()
    async with _logged_in(api) as browser:
        for noun in ("upstreams", "servers", "tools", "prompts", "resources"):
            listed = (await browser.get(f"/admin/ui/{noun}")).text
            links = set(re.findall(rf'href="(/admin/ui/{noun}/[0-9a-f]{{32}})"', listed))
            assert len(links) == len(getattr(api, noun))
            for link in links:
                assert (await browser.get(link)).status == 200


async def test_a_search_finds_tools_by_all_of_its_words() -> None:
    async with _logged_in(_demo()) as browser:
        page = (await browser.get("/admin/ui/tools?q=ZONE+convert")).text
        assert "fast-time-convert" in page
        assert "fast-time-get-time" not in page
        assert "No tool matches" in (await browser.get("/admin/ui/tools?q=nothing")).text


async def test_registering_sends_what_was_typed_and_nothing_empty() -> None:
    api = ControlPlaneApi()
    api.add_replica("host-1-abc")
    async with _logged_in(api) as browser:
        await browser.get("/admin/ui/upstreams/new")
        form = {
            "name": "fast_time",
            "url": "http://localhost:8003/mcp",
            "transport": "",
            "description": "",
            "auth_type": "bearer",
            "auth_token": "t0ken",
            "auth_password": "left over",
        }
        page = await browser.send("/admin/ui/upstreams/new", form)
        assert re.fullmatch("/admin/ui/upstreams/[0-9a-f]{32}", page.path)
        assert "fast_time is registered with 1 tools" in page.text
        assert "In force on 1 of 1 replica." in page.text
        assert "t0ken" not in page.text
        assert "is registered" not in (await browser.get(page.path)).text
    method, path, body = api.writes[0]
    assert (method, path) == ("POST", "/v1/gateways?wait=applied&timeout=2")
    assert body == {
        "name": "fast_time",
        "url": "http://localhost:8003/mcp",
        "auth_type": "bearer",
        "auth_token": "t0ken",
    }


@pytest.mark.parametrize(
    ("name", "url", "status", "says"),
    [
        ("a", "http://unreachable/mcp", 502, "connection refused by 127.0.0.1:1"),
        ("a", "http://h/a b", 400, "<code>url</code> must have no fragment and no white space"),
        ("fast_time", "http://h/mcp", 409, "is registered already"),
    ],
)
async def test_a_refusal_is_shown_word_by_word_and_what_was_typed_stays(
    name: str, url: str, status: int, says: str
) -> None:
    async with _logged_in(_demo()) as browser:
        await browser.get("/admin/ui/upstreams/new")
        form = {"name": name, "url": url, "auth_type": "bearer", "auth_token": "s3cret"}
        page = await browser.send("/admin/ui/upstreams/new", form)
        assert page.status == status
        assert says in page.text
        assert f'value="{url}"' in page.text
        assert "s3cret" not in page.text


async def test_refresh_switch_and_delete_do_what_they_say() -> None:
    api = _demo()
    id = next(iter(api.upstreams))
    async with _logged_in(api) as browser:
        page = await browser.get(f"/admin/ui/upstreams/{id}")
        page = await browser.send(f"{page.path}/refresh")
        assert "1 new, 2 gone" in page.text
        page = await browser.send(f"{page.path}/state", {"activate": "false"})
        assert "no longer offered" in page.text
        assert not api.upstreams[id]["enabled"]
        confirm = await browser.get(f"{page.path}/delete")
        assert "These servers lose tools" in confirm.text
        assert ">demo</a>" in confirm.text
        assert id in api.upstreams
        page = await browser.send(f"{page.path}/delete")
        assert page.path == "/admin/ui/upstreams"
        assert id not in api.upstreams


async def test_an_upstream_of_a_command_shows_what_runs_and_what_it_wrote() -> None:
    api = ControlPlaneApi()
    id = api.add_upstream("clock", transport="STDIO", url="")
    at = "2026-11-22T09:30:00Z"
    api.processes[id] = {
        "processes": [{"pid": 4711, "startedAt": at, "seconds": 1.0}],
        "crashes": 1,
        "lastExit": {"at": at, "pid": 4710, "reason": "exited with status 7", "asked": False},
        "stderr": [{"at": at, "pid": 4711, "line": "no <license> found"}],
    }
    async with _logged_in(api) as browser:
        page = (await browser.get(f"/admin/ui/upstreams/{id}")).text
        for said in ("Local command", "4711 since", "1 crash", "status 7", "no &lt;license&gt; f"):
            assert said in page
        api.processes[id] = 502
        assert "What runs is not known: no runner" in await _page(browser, id)
        api.processes[id] = 403  # for who may run commands alone
        assert "Process" not in await _page(browser, id)


async def _page(browser: Browser, id: str) -> str:
    answer = await browser.get(f"/admin/ui/upstreams/{id}")
    assert answer.status == 200
    return answer.text


async def test_a_refresh_that_fails_says_why() -> None:
    api = _demo()
    id = list(api.upstreams)[1]
    async with _logged_in(api) as browser:
        await browser.get(f"/admin/ui/upstreams/{id}")
        page = await browser.send(f"/admin/ui/upstreams/{id}/refresh")
        assert "connection refused" in page.text


async def test_bundling_picks_things_and_leads_to_the_snippets() -> None:
    api = _demo()
    async with _logged_in(api) as browser:
        await browser.get("/admin/ui/servers/new")
        form = [("name", "both"), ("description", "d"), *(("tools", id) for id in api.tools)]
        page = await browser.send("/admin/ui/servers/new", form)
        id = page.path.rpartition("/")[2]
        assert api.servers[id]["associatedToolIds"] == list(api.tools)
        assert f"http://localhost:4444/servers/{id}/mcp" in page.text
        assert "mcpgateway.wrapper" in page.text
        assert api.token not in page.text
        page = await browser.send(f"{page.path}/state", {"activate": "false"})
        assert "Switched off" in page.text
        assert (await browser.send(f"{page.path}/delete")).path == "/admin/ui/servers"
        assert id not in api.servers


async def test_a_bundle_that_is_refused_keeps_what_was_picked() -> None:
    api = _demo()
    tool = next(iter(api.tools))
    async with _logged_in(api) as browser:
        await browser.get("/admin/ui/servers/new")
        nothing = await browser.send("/admin/ui/servers/new", {"name": "n"})
        assert "Pick at least one" in nothing.text
        taken = await browser.send("/admin/ui/servers/new", {"name": "demo", "tools": tool})
        assert taken.status == 409
        assert f'value="{tool}" checked' in taken.text


async def test_a_form_without_its_token_or_from_another_site_changes_nothing() -> None:
    api = _demo()
    id = next(iter(api.upstreams))
    path = f"/admin/ui/upstreams/{id}/delete"
    async with _logged_in(api) as browser:
        async with browser.session.post(browser.base + path, data={}) as answer:
            assert answer.status == 403
        for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
            assert (await browser.send(path, headers=headers)).status == 403
        assert (await browser.send("/admin/login", {}, headers=headers)).status == 403
    assert id in api.upstreams
    assert api.writes == []


async def _endless() -> AsyncIterator[bytes]:
    for _ in range(50):
        yield b"tools=" + b"x" * 64_000 + b"&"


async def test_a_form_of_ten_thousand_tools_is_taken_and_an_endless_one_is_not() -> None:
    api = ControlPlaneApi()
    id = api.add_upstream("many", {f"tool_{n:05}": "One of many." for n in range(10_000)})
    async with _logged_in(api) as browser:
        await browser.get("/admin/ui/servers/new")
        form = [("name", "all"), *(("tools", tool) for tool in api.tools)]
        page = await browser.send("/admin/ui/servers/new", form)
        assert "all is ready" in page.text
        assert len(api.servers[page.path.rpartition("/")[2]]["associatedToolIds"]) == 10_000
        headers = {"content-type": "application/x-www-form-urlencoded"}
        url = f"{browser.base}/admin/login"
        async with browser.session.post(url, data=_endless(), headers=headers) as refused:
            assert refused.status == 413
        listed = await browser.get(f"/admin/ui/upstreams/{id}")
        assert "The first 200 of 10000" in listed.text


async def test_what_an_upstream_calls_itself_is_text_and_never_markup() -> None:
    api = ControlPlaneApi()
    api.add_upstream("x", {"t": "<script>alert(1)</script>"}, serverName="<b>bold</b>")
    async with _logged_in(api) as browser:
        for path in ("/admin/ui/tools", f"/admin/ui/upstreams/{next(iter(api.upstreams))}"):
            page = (await browser.get(path)).text
            assert "<script>alert" not in page
            assert "<b>bold" not in page


async def test_every_answer_forbids_foreign_content_and_framing() -> None:
    async with admin_site(ControlPlaneApi()) as browser:
        for path in ("/admin/login", "/admin/static/app.css", "/nowhere"):
            headers = (await browser.get(path)).headers
            assert headers["content-security-policy"].startswith("default-src 'self'")
            assert "'unsafe" not in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"


async def test_pages_are_not_kept_and_static_files_are_kept_for_ever() -> None:
    async with _logged_in() as browser:
        page = await browser.get("/admin")
        assert page.headers["cache-control"] == "no-store"
        found = re.findall(r'(?:src|href)="(/admin/static/[^"]+)"', page.text)
        assert len(set(found)) == 5
        for url in found:
            asset = await browser.get(url)
            assert asset.status == 200
            assert "immutable" in asset.headers["cache-control"]


async def test_no_page_names_another_host() -> None:
    async with _logged_in(_demo()) as browser:
        for path in ("/admin", "/admin/ui/replicas", "/admin/ui/upstreams/new"):
            for url in re.findall(r'(?:src|href|action)="([^"]*)"', (await browser.get(path)).text):
                assert url.startswith(("/admin", "#")), url


async def test_an_api_that_is_down_is_said_and_live_parts_keep_trying() -> None:
    async with admin_site(ControlPlaneApi(), "http://127.0.0.1:9") as browser:
        browser.session.cookie_jar.update_cookies({"mcpgateway_session": "a.b.c"})
        page = await browser.get("/admin")
        assert page.status == 503
        assert "the control plane at http://127.0.0.1:9 is not reachable" in page.text
        live = await browser.get("/admin", headers={"hx-request": "true"})
        assert live.status == 200
        assert 'hx-trigger="every 3s"' in live.text
        assert (await browser.get("/ready")).status == 503
        assert (await browser.get("/health")).status == 200


async def test_switched_off_pages_say_how_to_switch_them_on() -> None:
    async with admin_site(ControlPlaneApi(), enabled=False) as browser:
        for path in ("/admin", "/admin/static/app.css", "/admin/ui/tools"):
            page = await browser.get(path)
            assert page.status == 404
            assert "MCPGATEWAY_UI_ENABLED=true" in page.text
        assert (await browser.get("/health")).status == 200


async def test_forwarded_headers_count_only_with_the_edge_secret() -> None:
    api = _demo()
    id = next(iter(api.servers))
    forwarded = {"x-forwarded-host": "gw.example", "x-forwarded-proto": "https"}
    async with admin_site(api, edge_secrets=("other", "s")) as browser:
        await browser.log_in()
        path = f"/admin/ui/servers/{id}"
        for secret in ({}, {"x-mcpgateway-edge": "wrong"}):
            page = await browser.get(path, headers={**forwarded, **secret})
            assert "gw.example" not in page.text
        page = await browser.get(path, headers={**forwarded, "x-mcpgateway-edge": "s"})
        assert f"https://gw.example/servers/{id}/mcp" in page.text


async def test_unknown_pages_and_things_are_said_to_be_missing() -> None:
    async with _logged_in() as browser:
        for path in ("/admin/ui/nothing", f"/admin/ui/tools/{'0' * 32}"):
            page = await browser.get(path)
            assert page.status == 404
            assert "Not found" in page.text


def test_vendored_scripts_are_the_released_ones() -> None:
    readme = (_STATIC / "vendor/README.md").read_text()
    named = re.findall(r"\| (\S+\.js) \|.*\| ([0-9a-f]{64}) \|", readme)
    files = {path.name for path in (_STATIC / "vendor").glob("*.js")}
    assert {name for name, _ in named} == files
    for name, digest in named:
        assert hashlib.sha256((_STATIC / "vendor" / name).read_bytes()).hexdigest() == digest
