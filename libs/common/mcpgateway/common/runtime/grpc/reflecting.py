"""Asks a server for its descriptors by server reflection, v1 or else v1alpha, within limits.

Both versions have the same messages under other names, so one set of them is used. Only the
services that a server lists are looked at, and what their files import.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.message import DecodeError
from grpc_reflection.v1alpha.reflection_pb2 import (
    ServerReflectionRequest as Request,
)
from grpc_reflection.v1alpha.reflection_pb2 import (
    ServerReflectionResponse as Response,
)

from mcpgateway.common.errors import UpstreamRejected
from mcpgateway.common.protobuf import pool
from mcpgateway.common.runtime.grpc.calls import Metadata, translated, unimplemented

MAX_SERVICES = 1000
VERSIONS = ("v1", "v1alpha")
_WINDOW = 16  # questions under way
_CODING = (Request.SerializeToString, Response.FromString)


class Reflected:
    """What a server said: `files`, the `services` it lists, and what could not be had of it."""

    def __init__(self) -> None:
        self.services: list[str] = []
        self.files: dict[str, FileDescriptorProto] = {}
        self.problems: list[str] = []
        self._left = pool.MAX_BYTES
        self._imported: set[str] = set()

    def take(self, response: Response) -> None:
        """Raises UpstreamRejected over a limit, and for bytes that are no descriptor."""
        for data in response.file_descriptor_response.file_descriptor_proto:
            self._left -= len(data)
            if self._left < 0:
                raise UpstreamRejected(f"its descriptors are over {pool.MAX_BYTES} bytes")
            try:
                file = FileDescriptorProto.FromString(data)
                pool.check_names(file)
            except (DecodeError, pool.DescriptorError) as error:
                raise UpstreamRejected(f"reflection answered no descriptor: {error}") from error
            self.files.setdefault(file.name, file)
            self._imported.update(file.dependency)
        if len(self.files) > pool.MAX_FILES or len(self._imported) > pool.MAX_FILES:
            raise UpstreamRejected(f"it has over {pool.MAX_FILES} files of descriptors")

    def missing(self, asked: Iterable[str]) -> list[str]:
        """Files that are imported, not there and not asked for yet."""
        return sorted(self._imported - self.files.keys() - pool.WELL_KNOWN - set(asked))


async def reflect(
    channel: grpc.aio.Channel, metadata: Metadata, wanted: Callable[[str], bool]
) -> Reflected:
    """`wanted`: of which of the listed services. Raises UpstreamError."""
    with translated("server reflection"):
        for version in VERSIONS:
            try:
                return await _reflect(channel, version, metadata, wanted)
            except grpc.aio.AioRpcError as error:
                if not unimplemented(error):
                    raise
    raise UpstreamRejected(
        "it has no server reflection (v1, v1alpha): switch it on there, or give its "
        "FileDescriptorSet in grpc.descriptors"
    )


async def _reflect(
    channel: grpc.aio.Channel, version: str, metadata: Metadata, wanted: Callable[[str], bool]
) -> Reflected:
    found = Reflected()
    found.services = await _listed(channel, version, metadata)
    services = [name for name in found.services if wanted(name)]
    if len(services) > MAX_SERVICES:
        raise UpstreamRejected(
            f"it has {len(services)} services, {MAX_SERVICES} is the limit: choose some by "
            "grpc.include"
        )
    if services:
        async with _asking(channel, version, metadata) as ask:
            await _load(ask, found, services)
    return found


async def _listed(channel: grpc.aio.Channel, version: str, metadata: Metadata) -> list[str]:
    """Asked as one message, which goes out with the call: a later one may meet a call that ended
    before, as it does where a version is not served, and then gRPC tells of that instead."""
    ask: Any = channel.unary_stream(_path(version), *_CODING)
    call = ask(Request(list_services="*"), metadata=metadata)
    try:
        listed = await _next(call)
    finally:
        call.cancel()
    if listed.WhichOneof("message_response") != "list_services_response":
        raise UpstreamRejected(f"reflection lists no services: {_reason(listed)}")
    return [each.name for each in listed.list_services_response.service]


async def _load(ask: Any, found: Reflected, services: Sequence[str]) -> None:
    """The files of the services, then what they import, and so on."""
    questions = [Request(file_containing_symbol=name) for name in services]
    asked: set[str] = set()
    while questions:
        async for response in ask(questions):
            if response.HasField("error_response"):
                found.problems.append(_problem(response))
            found.take(response)
        names = found.missing(asked)
        asked.update(names)
        questions = [Request(file_by_filename=name) for name in names]


@asynccontextmanager
async def _asking(
    channel: grpc.aio.Channel, version: str, metadata: Metadata
) -> AsyncIterator[Callable[[Sequence[Request]], AsyncIterator[Response]]]:
    """A stream of questions, answered one for one."""
    begin: Any = channel.stream_stream(_path(version), *_CODING)
    call = begin(metadata=metadata)

    async def ask(questions: Sequence[Request]) -> AsyncIterator[Response]:
        for first in range(0, len(questions), _WINDOW):
            window = questions[first : first + _WINDOW]
            for question in window:
                await _write(call, question)
            for _ in window:
                yield await _next(call)

    try:
        yield ask
        await call.done_writing()
    finally:
        call.cancel()


def _path(version: str) -> str:
    return f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo"


async def _write(call: Any, question: Request) -> None:
    """Raises AioRpcError, UpstreamRejected when the stream ended."""
    try:
        await call.write(question)
    except asyncio.InvalidStateError:
        await _next(call)


async def _next(call: Any) -> Response:
    """Raises AioRpcError, UpstreamRejected when the server ends the stream too early."""
    response = await call.read()
    if response is grpc.aio.EOF:
        raise UpstreamRejected("server reflection ended before all was answered")
    assert isinstance(response, Response)
    return response


def _problem(response: Response) -> str:
    asked = response.original_request
    name = asked.file_containing_symbol or asked.file_by_filename or "a question"
    return f"reflection has no {name[:200]}: {_reason(response)}"


def _reason(response: Response) -> str:
    return " ".join(response.error_response.error_message.split())[:200] or "no reason was given"
