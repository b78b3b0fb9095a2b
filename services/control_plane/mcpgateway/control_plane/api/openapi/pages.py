"""/openapi.json, and /docs and /redoc, which show it with scripts that we serve ourselves.

The pages hold nothing of this gateway and are open; the description needs a token like the rest.
"""

import asyncio
import gzip
import hashlib
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from string import Template
from typing import Any, NamedTuple

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mcpgateway.common.errors import NotFound

STATIC = "/docs/static/"
_SWAGGER, _REDOC = "swagger-ui-5.35.0", "redoc-2.5.4"
_VENDORED = (f"{_SWAGGER}.js", f"{_SWAGGER}.css", f"{_REDOC}.js")
_OWN = ("docs.js", "docs.css")
_TYPES = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8"}
# Both viewers write style elements of their own; scripts come from us alone.
_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; connect-src 'self';"
    " style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
}


class _File(NamedTuple):
    """`body` is compressed."""

    body: bytes
    media_type: str
    etag: str


class Docs:
    """`describe` makes the document. It takes a tenth of a second or so, once, in a thread."""

    def __init__(self, describe: Callable[[], Mapping[str, Any]]) -> None:
        self._describe = describe
        self._document: _File | None = None
        self._files = _files()

    def routes(self) -> Sequence[Route]:
        return (
            Route("/openapi.json", self.document, include_in_schema=False),
            Route("/docs", _page("swagger", _SWAGGER), include_in_schema=False),
            Route("/redoc", _page("redoc", _REDOC), include_in_schema=False),
            Route(STATIC + "{name}", self.file, include_in_schema=False),
        )

    async def document(self, request: Request) -> Response:
        if self._document is None:
            told = await asyncio.to_thread(self._describe)
            self._document = _file(msgspec.json.encode(told), "application/json")
        return _answer(request, self._document)

    async def file(self, request: Request) -> Response:
        name = request.path_params["name"]
        found = self._files.get(name)
        if found is None:
            raise NotFound(f"there is no {STATIC}{name[:80]}")
        return _answer(request, found)


def _page(viewer: str, script: str) -> Callable[[Request], Any]:
    styles = f'<link rel="stylesheet" href="{STATIC}{script}.css">' if viewer == "swagger" else ""
    page = Template(_read("page.html").decode()).substitute(
        viewer=viewer, script=f"{script}.js", styles=styles
    )

    async def show(request: Request) -> Response:
        headers = _HEADERS | {"cache-control": "no-cache"}
        return Response(page, headers=headers, media_type="text/html")

    return show


def _answer(request: Request, file: _File) -> Response:
    """Compressed, unless the caller can not read that."""
    headers = {"etag": file.etag, "cache-control": "no-cache", "vary": "accept-encoding"}
    headers["x-content-type-options"] = "nosniff"
    if request.headers.get("if-none-match") == file.etag:
        return Response(status_code=304, headers=headers)
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(gzip.decompress(file.body), 200, headers, media_type=file.media_type)
    headers["content-encoding"] = "gzip"
    return Response(file.body, 200, headers, media_type=file.media_type)


def _files() -> dict[str, _File]:
    found = {name: _file(_read(name), _TYPES[name.rpartition(".")[2]]) for name in _OWN}
    for name in _VENDORED:
        body = _read(f"vendor/{name}.gz")
        found[name] = _File(body, _TYPES[name.rpartition(".")[2]], _etag(body))
    return found


def _file(body: bytes, media_type: str) -> _File:
    packed = gzip.compress(body, mtime=0)
    return _File(packed, media_type, _etag(packed))


def _etag(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:16]}"'


def _read(name: str) -> bytes:
    return resources.files(__package__).joinpath("static", name).read_bytes()
