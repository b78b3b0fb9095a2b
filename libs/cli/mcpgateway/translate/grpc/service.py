"""One gRPC service: its methods by server reflection, and calls of them."""

import asyncio
from pathlib import Path
from typing import NamedTuple

import grpc.aio
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool

from mcpgateway.common.errors import UpstreamRejected, UpstreamUnreachable
from mcpgateway.common.mcp import tool_result
from mcpgateway.common.policy.addresses import AddressPolicy
from mcpgateway.common.protobuf import pool, status, tools
from mcpgateway.common.protobuf.codec import BadArguments, Codec, Unshown
from mcpgateway.common.protobuf.comments import comments
from mcpgateway.common.protobuf.methods import Method, methods
from mcpgateway.common.runtime.grpc.calling import Caller, ended, sized
from mcpgateway.common.runtime.grpc.calls import metadata_of
from mcpgateway.common.runtime.grpc.channel import Pem, addresses, open_channel, origin_of
from mcpgateway.common.runtime.grpc.collecting import Collected, Listener
from mcpgateway.common.runtime.grpc.reflecting import reflect
from mcpgateway.common.runtime.http.dial import Dialer
from mcpgateway.common.runtime.http.tls import profile
from mcpgateway.translate.grpc.options import GrpcOptions

CONNECT_SECONDS = 5.0
REFLECT_SECONDS = 30.0
CALL_SECONDS = 60.0
_ABOUT_ITSELF = ("grpc.reflection.", "grpc.health.", "grpc.channelz.")


class Tool(NamedTuple):
    """`definition` is JSON without a name."""

    method: str
    definition: bytes


class Connected(NamedTuple):
    """A service that was asked for its descriptors; `tools` by the names that they are offered
    under."""

    channel: grpc.aio.Channel
    pool: DescriptorPool
    tools: dict[str, Tool]


class GrpcService:
    """Connects with the first question; as long as that fails, with the next. gRPC sees to it that
    a connection that is lost is made again."""

    def __init__(self, options: GrpcOptions) -> None:
        self._options = options
        self._metadata = metadata_of(options.metadata)
        self._connecting = asyncio.Lock()
        self._connected: Connected | None = None

    async def tools(self) -> dict[str, Tool]:
        """Raises GatewayError when the service does not say what it has."""
        return (await self._connection()).tools

    async def call(self, method: str, arguments: bytes, listener: Listener) -> bytes:
        """The result of a tool, whatever comes of it. Where the method was not called, raises
        GatewayError, and strict_json.Unreadable."""
        connected = await self._connection()
        codec = Codec(connected.pool, method)
        try:
            messages = await sized(len(arguments), lambda: codec.requests(arguments))
        except BadArguments as bad:
            said = tool_result.listed("The arguments can not be sent", bad.problems)
            return tool_result.failed(listener.era, said)
        collected = Collected(codec, listener)
        caller = Caller(connected.channel, codec)
        try:
            await caller.call(messages, self._metadata, CALL_SECONDS, collected)
            return collected.result()
        except grpc.aio.AioRpcError as error:
            how = ended(method, error)._replace(once=True)
            return collected.failed(status.told(how, connected.pool))
        except Unshown as unshown:
            return collected.failed(f"{method} answered what can not be shown: {unshown}")

    async def aclose(self) -> None:
        """Breaks off calls."""
        if self._connected is not None:
            await self._connected.channel.close()

    async def _connection(self) -> Connected:
        async with self._connecting:
            if self._connected is None:
                self._connected = await self._connect()
            return self._connected

    async def _connect(self) -> Connected:
        origin = origin_of(self._options.url)
        everywhere = AddressPolicy(loopback=True, private=True)
        dialer = Dialer(lambda _: everywhere, profile(), asyncio.get_running_loop())
        found = await addresses(dialer, origin, CONNECT_SECONDS)
        channel = await open_channel(origin, found, await asyncio.to_thread(_pem, self._options))
        try:
            async with asyncio.timeout(REFLECT_SECONDS):
                said = await reflect(channel, self._metadata, _is_its_own)
            described = FileDescriptorSet(file=said.files.values())
            files = pool.complete(described.file)
            built = pool.build(files)
        except (pool.DescriptorError, TimeoutError) as error:
            await channel.close()
            problem = str(error) or f"no answer within {REFLECT_SECONDS:g} s"
            raise UpstreamRejected(f"{origin.host}:{origin.port}: {problem}") from error
        except BaseException:
            await channel.close()
            raise
        return Connected(channel, built, _tools(files, built))


def _tools(files: FileDescriptorSet, built: DescriptorPool) -> dict[str, Tool]:
    said = comments(files)
    made: dict[str, Tool] = {}
    for method in methods(files):
        if _is_its_own(method.service):
            definition = tools.definition(built.FindMethodByName(method.name), method, said)
            made[_offered(method, made)] = Tool(method.name, definition)
    return made


def _offered(method: Method, taken: dict[str, Tool]) -> str:
    """Without dots, which some clients take in no name of a tool."""
    name = method.name.replace(".", "_")
    return method.name if name in taken else name


def _is_its_own(service: str) -> bool:
    return not service.startswith(_ABOUT_ITSELF)


def _pem(options: GrpcOptions) -> Pem:
    """Raises UpstreamUnreachable for files that can not be read."""
    try:
        ca, cert, key = [
            Path(path).read_text() if path else ""
            for path in (options.ca, options.cert, options.key)
        ]
    except (OSError, UnicodeDecodeError) as error:
        raise UpstreamUnreachable(f"a certificate can not be read: {error}") from error
    return Pem(ca, cert, key)
