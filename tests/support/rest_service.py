"""A REST service on loopback that keeps what it was asked, and tools that call it."""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from mcpgateway.common.routing.model import Tool, Upstream
from mcpgateway.common.routing.rest_request import RestRequest
from support.mcp_servers import serve

PNG = b"\x89PNG\r\n\x1a\n"


@dataclass
class RestService:
    """`asked` are the requests in order; `left` is set when one was given up by its caller."""

    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    failing: int = 0  # requests to /flaky that are refused before one is served

    def api(self, **more: Any) -> Upstream:
        """All of it, as an upstream that has tools. `more` are fields of the record."""
        said = {"url": self.url, "loopback_allowed": True, **more}
        return Upstream("u", "The API", "api", transport="OPENAPI", **said)

    def tool(self, name: str, path: str, *, definition: Any = None, **more: Any) -> Tool:
        """One of the gateway's own, or with `upstream` one of that. `more` are fields of the tool,
        or of its request."""
        ours = {key: more.pop(key) for key in list(more) if key in Tool.__struct_fields__}
        upstream = ours.pop("upstream", "")
        url = more.pop("url", self.url)
        request = RestRequest(url=url + path, loopback_allowed=True, **more)
        shown = {"description": name, "inputSchema": {"type": "object"}, **(definition or {})}
        return Tool(
            name, upstream, name, name, msgspec.json.encode(shown),
            request=msgspec.json.encode(request), **ours,
        )  # fmt: skip

    async def _echo(self, request: Request) -> Response:
        body = await request.body()
        told = {
            "method": request.method,
            "target": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
            "raw": request.scope["raw_path"].decode(),
            "headers": dict(request.headers),
            "body": body.decode("utf-8", "replace"),
            "base64": base64.b64encode(body).decode(),
        }
        self.asked.append(told)
        return JSONResponse(told)

    async def _status(self, request: Request) -> Response:
        self.asked.append({})
        status = int(request.path_params["status"])
        return Response("no\nsuch user " + "x" * 5000, status, {"retry-after": "7"})

    async def _slow(self, request: Request) -> Response:
        self.asked.append({})
        self.begun.set()

        async def gone() -> None:
            while (await request.receive())["type"] != "http.disconnect":
                pass

        await request.body()
        waits = [asyncio.create_task(gone()), asyncio.create_task(self.go_on.wait())]
        done, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for each in pending:
            each.cancel()
        if waits[0] in done:
            self.left.set()
        return JSONResponse({"slow": True})

    async def _flaky(self, request: Request) -> Response:
        self.asked.append({"method": request.method})
        if self.failing > 0:
            self.failing -= 1
            return Response("busy", 503, {"retry-after": "0"})
        return JSONResponse({"served": True})

    async def _pages(self, request: Request) -> Response:
        """Five items, two a page, by `Link` and by a cursor in the answer."""
        self.asked.append({"query": request.url.query, "headers": dict(request.headers)})
        start = int(request.query_params.get("after", "0"))
        end = start + 2
        links = {"link": f'<?after={end}>; rel="next"'} if end < 5 else {}
        found = {"items": list(range(start, min(end, 5))), "next": end if end < 5 else None}
        return JSONResponse(found, headers=links)

    async def _typed(self, request: Request) -> Response:
        answers: dict[str, Callable[[], Response]] = {
            "png": lambda: Response(PNG, media_type="image/png"),
            "wav": lambda: Response(b"RIFF", media_type="audio/wav"),
            "zip": lambda: Response(b"PK\x03\x04\xff", media_type="application/zip"),
            "text": lambda: Response("plain", media_type="text/plain"),
            "latin": lambda: Response(
                "é".encode("latin-1"), media_type="text/plain; charset=latin-1"
            ),
            "list": lambda: JSONResponse([1, 2]),
            "broken": lambda: Response('{"a":', media_type="application/json"),
            "empty": lambda: Response(status_code=204),
            "huge": lambda: Response(b"x" * (9 * 1024 * 1024), media_type="text/plain"),
            "gzip": lambda: Response(b"x", headers={"content-encoding": "gzip"}),
            "html": lambda: Response(
                "<html><head><title>Sign in</title></head><body><p>Please</p></body></html>",
                media_type="text/html",
            ),
            "there": lambda: RedirectResponse("http://127.0.0.1:1/elsewhere"),
        }
        return answers[request.path_params["kind"]]()


@asynccontextmanager
async def rest_service() -> AsyncIterator[RestService]:
    """Paths: /echo/..., /status/{n}, /slow (until `go_on`), /flaky, /pages, /typed/{kind}."""
    made = RestService()
    methods = ["GET", "POST", "PUT", "DELETE", "PATCH"]
    app = Starlette(
        routes=[
            Route("/echo/{rest:path}", made._echo, methods=methods),
            Route("/status/{status}", made._status, methods=methods),
            Route("/slow", made._slow, methods=methods),
            Route("/flaky", made._flaky, methods=methods),
            Route("/pages", made._pages),
            Route("/typed/{kind}", made._typed, methods=methods),
        ]
    )
    async with serve(app) as url:
        made.url = url
        yield made
