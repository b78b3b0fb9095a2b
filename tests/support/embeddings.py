"""An endpoint for embeddings on loopback. What words mean is told by groups of them: those of one
group mean the same, and all else is a direction of its own."""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mcpgateway.common.search.words import words
from support.mcp_servers import serve

NUMBERS = 64
GROUPS = (("automobile", "vehicle", "car"), ("picture", "photo", "image"), ("weather", "forecast"))
_MEANS = {words(each)[0]: group[0] for group in GROUPS for each in group}


def embedding(text: str, numbers: int = NUMBERS) -> list[float]:
    """The sum of its words' directions, of length 1."""
    found = [1e-6] * numbers
    for word in words(text):
        digest = blake2b(_MEANS.get(word, word).encode(), digest_size=numbers).digest()
        found = [a + b / 127.5 - 1 for a, b in zip(found, digest, strict=True)]
    length = math.hypot(*found)
    return [each / length for each in found]


@dataclass
class EmbeddingService:
    """What it does wrong can be told. `asked` are the texts of requests, in order; `requests` all
    that it was told."""

    url: str = ""
    status: int = 200
    body: bytes | None = None  # answered in place of vectors
    numbers: int = NUMBERS
    refused: str = ""  # requests with a text that has this are refused
    held: asyncio.Event | None = None  # until it is set nothing is answered
    asked: list[list[str]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        return [text for each in self.asked for text in each]

    async def answer(self, request: Request) -> Response:
        told = await request.json()
        texts = told["input"]
        self.requests.append(told)
        self.asked.append(texts)
        self.keys.append(request.headers.get("authorization"))
        if self.held is not None:
            await self.held.wait()
        if self.body is not None or self.status != 200:
            return Response(self.body or b"no", self.status)
        if self.refused and any(self.refused in each for each in texts):
            return JSONResponse({"error": {"message": "too long"}}, 400)
        data = [
            {"object": "embedding", "index": n, "embedding": embedding(each, self.numbers)}
            for n, each in enumerate(texts)
        ]
        return JSONResponse({"object": "list", "data": data[::-1], "model": told["model"]})


@asynccontextmanager
async def embedding_service() -> AsyncIterator[EmbeddingService]:
    made = EmbeddingService()
    app = Starlette(routes=[Route("/v1/embeddings", made.answer, methods=["POST"])])
    async with serve(app) as url:
        made.url = f"{url}/v1/embeddings"
        yield made
