"""The description as JSON, and the pages that show it, with nothing fetched from elsewhere."""

import gzip
import hashlib
import re
from importlib import resources

import httpx2
import pytest
from starlette.routing import Router

from mcpgateway.common.errors import NotFound
from mcpgateway.control_plane.api.openapi.pages import STATIC, Docs

_FILES = resources.files("mcpgateway.control_plane.api.openapi") / "static"


def client(docs: Docs) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app=Router(docs.routes()))
    return httpx2.AsyncClient(transport=transport, base_url="http://test")


async def test_the_document_is_made_once_and_not_sent_again_to_who_has_it() -> None:
    made: list[int] = []

    def describe() -> dict[str, str]:
        made.append(1)
        return {"openapi": "3.1.0"}

    async with client(Docs(describe)) as http:
        first = await http.get("/openapi.json")
        plain = await http.get("/openapi.json", headers={"accept-encoding": "identity"})
        again = await http.get("/openapi.json", headers={"if-none-match": first.headers["etag"]})
    assert first.json() == plain.json() == {"openapi": "3.1.0"}
    assert (first.headers["content-encoding"], "content-encoding" in plain.headers) == (
        "gzip",
        False,
    )
    assert (again.status_code, again.content) == (304, b"")
    assert made == [1]


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
async def test_a_page_runs_only_scripts_of_ours_which_are_there(path: str) -> None:
    async with client(Docs(dict)) as http:
        page = await http.get(path)
        policy = page.headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "http" not in policy
        linked = re.findall(r'(?:src|href)="(/docs/static/[^"]+)"', page.text)
        assert len(linked) >= 3
        for file in linked:
            assert (await http.get(file)).status_code == 200
    assert "<script>" not in page.text
    assert re.findall(r'(?:src|href)="(?!/|data:)', page.text) == []


async def test_only_files_of_the_pages_are_served() -> None:
    async with client(Docs(dict)) as http:
        for name in ("page.html", "..%2fpages.py", "vendor", "nothing.js"):
            with pytest.raises((NotFound, httpx2.HTTPStatusError)):
                (await http.get(STATIC + name)).raise_for_status()


def test_scripts_of_others_are_what_their_packages_hold() -> None:
    vendor = _FILES / "vendor"
    readme = vendor.joinpath("README.md").read_text()
    named = dict(re.findall(r"^\| (\S+\.gz) \|.*\| ([0-9a-f]{64}) \|", readme, re.M))
    assert named.keys() == {file.name for file in vendor.iterdir() if file.name.endswith(".gz")}
    for name, digest in named.items():
        body = gzip.decompress(vendor.joinpath(name).read_bytes())
        assert hashlib.sha256(body).hexdigest() == digest
        assert b"https://cdn" not in body
