"""Documents fetched from real servers and read by a real worker process, hostile ones too."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from mcpgateway.common.errors import (
    InvalidCall,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from mcpgateway.common.policy.addresses import AddressPolicy
from mcpgateway.common.runtime.workers.process import Bounds
from mcpgateway.control_plane.discovery.openapi.discoverer import OpenApiDiscoverer
from mcpgateway.control_plane.discovery.openapi.reader import HttpApiReader
from mcpgateway.control_plane.discovery.outbound import open_outbound
from mcpgateway.control_plane.registry.discovered.ports import Target
from support.mcp_servers import serve

TREE = {"openapi": "3.0.0", "servers": [{"url": "/api"}], "paths": {"/a": {"get": {}}}}
MIB = 1024 * 1024
Reader = Callable[[], HttpApiReader]


@asynccontextmanager
async def reading(bounds: Bounds | None = None, **rules: Any) -> AsyncIterator[HttpApiReader]:
    policy = AddressPolicy(**({"loopback": True} | rules))
    async with (
        open_outbound(policy) as outbound,
        aclosing(HttpApiReader(outbound, 3.0, bounds)) as reader,
    ):
        yield reader


async def _endless() -> AsyncIterator[bytes]:
    for _ in range(60):
        yield b"#" * MIB


async def _never(request: Request) -> Response:
    await asyncio.Event().wait()
    return Response()


ANSWERS: dict[str, Callable[[], Response]] = {
    "good": lambda: JSONResponse(TREE),
    "large": lambda: StreamingResponse(_endless()),
    "bomb": lambda: Response(
        gzip.compress(b" " * (50 * MIB)), headers={"content-encoding": "gzip"}
    ),
    "html": lambda: Response("<html><body>Log in</body></html>", media_type="text/html"),
    "there": lambda: RedirectResponse("http://127.0.0.1:1/elsewhere"),
    "gone": lambda: JSONResponse({}, 404),
    "files": lambda: JSONResponse(
        TREE | {"paths": {"/a": {"$ref": "file:///etc/passwd"}, "/b": {"get": {}}}}
    ),
}


@pytest.fixture
async def asked() -> AsyncIterator[list[dict[str, str]]]:
    """The headers of the requests, the first with the server's URL as `base`."""
    seen: list[dict[str, str]] = []

    async def answer(request: Request) -> Response:
        seen.append(dict(request.headers))
        return ANSWERS[request.path_params["kind"]]()

    app = Starlette(routes=[Route("/never", _never), Route("/{kind}", answer)])
    async with serve(app) as url:
        seen.append({"base": url})
        yield seen


def target(url: str, base: str = "", **more: Any) -> Target:
    return Target(base, "OPENAPI", options={"document_url": url}, **more)


async def test_a_document_is_fetched_and_read(asked: list[dict[str, str]]) -> None:
    base = asked[0]["base"]
    async with reading() as reader:
        found = await OpenApiDiscoverer(reader).discover(target(f"{base}/good"))
        again = await reader.read(target(f"{base}/good"))
    assert found.url == f"{base}/api"
    assert [each.name for each in found.tools] == ["get_a"]
    assert json.loads(found.document) == TREE
    assert again.reading.url == found.url
    assert reader.workers.tally.started == 1  # what was the same was not read again


async def test_credentials_are_shown_to_the_apis_own_place_alone(
    asked: list[dict[str, str]],
) -> None:
    base = asked[0]["base"]
    headers = (("authorization", "Bearer secret"),)
    async with reading() as reader:
        await reader.read(target(f"{base}/good", f"{base}/api", headers=headers))
        await reader.read(target(f"{base}/good", "https://other.example", headers=headers))
        await reader.read(target(f"{base}/good", headers=headers))
    shown = [each.get("authorization") for each in asked[1:]]
    assert shown == ["Bearer secret", None, None]


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        ("large", "over 33554432 bytes"),
        ("bomb", "over 33554432 bytes|must be an object"),
        ("html", "must be an object"),
        ("there", "answered 307 to 'http://127.0.0.1:1/elsewhere': redirects are not followed"),
        ("gone", "answered 404"),
    ],
)
async def test_what_is_no_document_is_told(
    asked: list[dict[str, str]], kind: str, problem: str
) -> None:
    async with reading() as reader:
        with pytest.raises(UpstreamRejected, match=problem):
            await reader.read(target(f"{asked[0]['base']}/{kind}"))


async def test_a_server_that_never_answers_is_left(asked: list[dict[str, str]]) -> None:
    async with reading() as reader:
        with pytest.raises(UpstreamTimeout, match="no document in 3 s"):
            await reader.read(target(f"{asked[0]['base']}/never"))


async def test_a_document_is_not_fetched_where_nobody_may_go(asked: list[dict[str, str]]) -> None:
    async with reading(loopback=False) as reader:
        with pytest.raises(UpstreamUnreachable, match="refused"):
            await reader.read(target(f"{asked[0]['base']}/good"))
        with pytest.raises(UpstreamUnreachable, match="refused"):
            await reader.read(target("http://169.254.169.254/latest/meta-data"))
    assert len(asked) == 1


async def test_references_to_elsewhere_are_not_followed(asked: list[dict[str, str]]) -> None:
    async with reading() as reader:
        found = (await reader.read(target(f"{asked[0]['base']}/files"))).reading
    assert [each.path for each in found.tools] == ["/b"]
    assert "file:///etc/passwd" in found.left_out[0].reason
    assert len(asked) == 2


def laughs() -> bytes:
    lines = [b"openapi: 3.0.0", b"a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for n in range(1, 60):
        lines.append(b"a%d: &a%d [%s]" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 10)))
    return b"\n".join(lines)


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (laughs(), "written out"),
        (b"a: &a\n  <<: *a\n", "holds itself|no YAML"),
        (b"[" * 5_000_000, "nested|no JSON"),
        (b"a: " + b"[" * 500_000, "nested|no YAML|can not be read"),
        (b"openapi: 3.0.0\n" + b"- " * 500_000, "no YAML|nested|can not be read"),
        (b'{"openapi":"3.0.0","paths":5}', "no paths"),
    ],
)
async def test_a_hostile_document_is_refused_and_the_next_one_read(
    document: bytes, problem: str
) -> None:
    async with reading() as reader, asyncio.timeout(60):
        with pytest.raises(InvalidCall, match=problem) as refused:
            await reader.read(Target("", "OPENAPI", document=document))
        assert refused.value.errors[0].field == "openapi.document"
        good = json.dumps(TREE).encode()
        found = await reader.read(Target("https://a.example", "OPENAPI", document=good))
    assert len(found.reading.tools) == 1


async def test_what_takes_too_long_or_too_much_is_stopped() -> None:
    wide = {f"/a{n}": {"get": {"summary": "x" * 500}} for n in range(20_000)}
    document = json.dumps(TREE | {"paths": wide}).encode()
    here = Target("https://a.example", "OPENAPI", document=document)
    async with reading(Bounds(0.05, 1024 * MIB, 128 * MIB)) as reader:
        with pytest.raises(InvalidCall, match=r"takes over 0\.05 s"):
            await reader.read(here)
    async with reading(Bounds(60, 1024 * MIB, 1000)) as reader:
        with pytest.raises(InvalidCall, match="makes over 1000 bytes"):
            await reader.read(here)


async def test_without_a_document_nothing_is_read() -> None:
    async with reading() as reader:
        with pytest.raises(InvalidCall, match="document_url"):
            await reader.read(Target("https://a.example", "OPENAPI"))
