"""What upstreams' tools were made of, by content. No revision: a document never changes."""

import zlib
from hashlib import sha256

from mcpgateway.common.errors import NotFound
from mcpgateway.control_plane.store.history import Fetches

_KEEP = "INSERT INTO documents (sha256, body) VALUES ($1, $2) ON CONFLICT DO NOTHING"
_GET = "SELECT body FROM documents WHERE sha256 = $1"


class PostgresDocuments:
    """Implements ports.Documents."""

    def __init__(self, source: Fetches) -> None:
        self._source = source

    async def keep(self, document: bytes) -> str:
        if not document:
            return ""
        digest = sha256(document).hexdigest()
        await self._source.fetch(_KEEP, digest, zlib.compress(document))
        return digest

    async def get(self, sha256: str) -> bytes:
        if not sha256:
            return b""
        found = await self._source.fetch(_GET, sha256)
        if not found:
            raise NotFound(f"no document with SHA-256 {sha256!r} is kept")
        return zlib.decompress(found[0]["body"])
