"""Static files, read once: named by content, so that browsers may keep them for ever."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


class Asset(NamedTuple):
    body: bytes
    media_type: str
    digest: str


class Assets:
    """`/admin/static/<name>`; `url` adds the version that makes it cacheable."""

    def __init__(self, files: Mapping[str, Asset]) -> None:
        self._files = files

    @staticmethod
    def load(folder: Path) -> "Assets":
        files: dict[str, Asset] = {}
        for path in sorted(folder.rglob("*")):
            if path.suffix in _TYPES:
                body = path.read_bytes()
                digest = hashlib.sha256(body).hexdigest()[:12]
                name = path.relative_to(folder).as_posix()
                files[name] = Asset(body, _TYPES[path.suffix], digest)
        return Assets(files)

    def url(self, name: str) -> str:
        """Raises KeyError for a file that is not there."""
        return f"/admin/static/{name}?v={self._files[name].digest}"

    async def serve(self, request: Request) -> Response:
        asset = self._files.get(request.path_params["name"])
        if asset is None:
            return Response("no such file\n", 404, media_type="text/plain")
        known = request.query_params.get("v") == asset.digest
        keep = "public, max-age=31536000, immutable" if known else "no-cache"
        headers = {"cache-control": keep, "etag": f'"{asset.digest}"'}
        if request.headers.get("if-none-match") == headers["etag"]:
            return Response(status_code=304, headers=headers)
        return Response(asset.body, headers=headers, media_type=asset.media_type)
