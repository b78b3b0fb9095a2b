"""Fetches OpenAPI documents and has them read by a worker process."""

import asyncio
from hashlib import sha256

import msgspec
from typing_extensions import override

from mcpgateway.common.errors import (
    FieldProblem,
    InvalidCall,
    UpstreamRejected,
    UpstreamTimeout,
)
from mcpgateway.common.runtime.http.tls import Tls, profile
from mcpgateway.common.runtime.workers.pool import WorkerPool
from mcpgateway.common.runtime.workers.process import Bounds, Program, WorkFailed
from mcpgateway.control_plane.discovery.openapi.kept import Kept
from mcpgateway.control_plane.discovery.openapi.worker import Answer, Done
from mcpgateway.control_plane.discovery.outbound import Outbound, shown
from mcpgateway.control_plane.registry.discovered.ports import Target
from mcpgateway.control_plane.registry.openapi.importing import Document, Reading
from mcpgateway.control_plane.registry.openapi.places import origin
from mcpgateway.control_plane.registry.openapi.ports import ApiReader, Read
from mcpgateway.control_plane.registry.openapi.text import MAX_BYTES, BadDocument
from mcpgateway.control_plane.registry.transports import openapi

SECONDS = 60.0  # to read one document
MEMORY = 1024**3  # bytes of address space to do it in
LARGEST = 128 * 1024**2  # bytes of all that comes out of it

_ACCEPT = "application/json, application/yaml;q=0.9, */*;q=0.8"
_decode = msgspec.msgpack.Decoder(Answer).decode


class HttpApiReader(ApiReader):
    """A bad document, asked for again and again, delays no other. Close it."""

    def __init__(self, outbound: Outbound, timeout: float, bounds: Bounds | None = None) -> None:
        """`timeout`: seconds for a fetch (GATEWAY_VALIDATION_TIMEOUT)."""
        self._outbound = outbound
        self._timeout = timeout
        self._kept = Kept()
        module = "mcpgateway.control_plane.discovery.openapi.worker"
        limits = bounds or Bounds(SECONDS, MEMORY, LARGEST)
        self.workers = WorkerPool(Program(module, limits, _decode))

    @override
    async def read(self, target: Target) -> Read:
        options = openapi.read(target.options)
        text = target.document
        if options.document_url:
            text = await self._fetch(options.document_url, target)
        elif not text:
            raise _wrong("needs a document_url, or a document", "openapi")
        document = Document(text, options, target.url, options.document_url)
        try:
            return Read(await self._read(document), text)
        except BadDocument as error:
            if options.document_url:
                url = shown(options.document_url)
                raise UpstreamRejected(f"the document at {url} {error}") from error
            raise _wrong(str(error), "openapi.document") from error

    async def aclose(self) -> None:
        await self.workers.aclose()

    async def _read(self, document: Document) -> Reading:
        """Raises BadDocument."""
        if len(document.text) > MAX_BYTES:
            raise BadDocument(f"has {len(document.text)} bytes, {MAX_BYTES} is the limit")
        work = msgspec.msgpack.encode(document)
        digest = sha256(work).digest()
        found = self._kept.get(digest)
        if found is not None:
            return found
        try:
            answer = await self.workers.do(work, digest)
        except WorkFailed as error:
            raise BadDocument(f"can not be read: it {error}") from error
        if not isinstance(answer, Done):
            raise BadDocument(answer.problem)
        self._kept.put(digest, answer.reading)
        return answer.reading

    async def _fetch(self, url: str, target: Target) -> bytes:
        """Credentials, and what secures the API's connections, go to the API's own place alone."""
        own = bool(target.url) and origin(url) == origin(target.url)
        headers = {"accept": _ACCEPT, **(dict(target.headers) if own else {})}
        try:
            async with (
                asyncio.timeout(self._timeout),
                self._outbound.request(
                    "GET", url, headers, tls=self._tls(target) if own else None
                ) as answer,
            ):
                if 300 <= answer.status < 400:
                    place = (answer.header("location") or "")[:300]
                    raise UpstreamRejected(
                        f"{answer.request} answered {answer.status} to {place!r}: "
                        "redirects are not followed, give that URL"
                    )
                if answer.status != 200:
                    raise UpstreamRejected(f"{answer.request} answered {answer.status}")
                return await answer.body(MAX_BYTES)
        except TimeoutError:
            what = f"GET {shown(url)}: no document in {self._timeout:g} s"
            raise UpstreamTimeout(what) from None

    def _tls(self, target: Target) -> Tls | None:
        ca, cert = target.ca_certificate, target.client_cert
        if not (ca or cert):
            return None
        return profile(ca, cert, target.client_key, verify=self._outbound.verifies)


def _wrong(problem: str, field: str) -> InvalidCall:
    return InvalidCall(f"{field} {problem}", errors=[FieldProblem(field, problem, "openapi")])
