"""Discovery of gRPC services: reached, healthy, and with the tools that their methods are."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import grpc.aio
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from typing_extensions import override

from mcpgateway.common.errors import InvalidCall, UpstreamRejected, UpstreamTimeout
from mcpgateway.common.policy.addresses import AddressPolicy
from mcpgateway.common.protobuf import pool
from mcpgateway.common.protobuf.methods import methods
from mcpgateway.common.protobuf.pool import DescriptorError
from mcpgateway.common.runtime.grpc.calls import metadata_of
from mcpgateway.common.runtime.grpc.channel import Pem, addresses, open_channel, origin_of
from mcpgateway.common.runtime.grpc.reflecting import reflect
from mcpgateway.common.runtime.http.dial import Dialer
from mcpgateway.common.runtime.http.tls import profile
from mcpgateway.control_plane.discovery.grpc import health
from mcpgateway.control_plane.discovery.grpc.definitions import Catalogue, catalogue
from mcpgateway.control_plane.registry.discovered.plan import first_problems
from mcpgateway.control_plane.registry.discovered.ports import Discovered, Discoverer, Target
from mcpgateway.control_plane.registry.transports import grpc as grpc_options
from mcpgateway.control_plane.registry.transports.grpc import GrpcOptions

CONNECT_SECONDS = 5.0
_CAPABILITIES = b'{"tools":{}}'


class GrpcConnector:
    """Opens channels to services at addresses that the policy allows; nothing is kept."""

    def __init__(self, policy: AddressPolicy, timeout: float = 15.0) -> None:
        """`timeout`: seconds for one discovery (GATEWAY_VALIDATION_TIMEOUT)."""
        self._policy = policy
        self.timeout = timeout

    @asynccontextmanager
    async def connect(self, target: Target) -> AsyncIterator[grpc.aio.Channel]:
        """Raises UpstreamUnreachable, UpstreamTimeout when no address may be called or answers."""
        origin = origin_of(target.url)
        loop = asyncio.get_running_loop()
        dialer = Dialer(lambda _: self._policy, profile(), loop)
        found = await addresses(dialer, origin, CONNECT_SECONDS)
        pem = Pem(target.ca_certificate, target.client_cert, target.client_key)
        channel = await open_channel(origin, found, pem)
        try:
            yield channel
        finally:
            await channel.close(None)


class GrpcDiscoverer(Discoverer):
    """Implements the registry's port."""

    def __init__(self, connector: GrpcConnector) -> None:
        self._connector = connector

    @override
    async def discover(self, target: Target) -> Discovered:
        """As `Discoverer`. Raises InvalidCall for descriptors that were given and can not be
        used."""
        options = grpc_options.read(target.options)
        timeout = self._connector.timeout
        try:
            async with asyncio.timeout(timeout):
                said = await self._ask(target, options)
                return await asyncio.to_thread(_described, said, options)
        except TimeoutError:
            raise UpstreamTimeout(f"{target.url}: not discovered in {timeout:g} s") from None

    async def _ask(self, target: Target, options: GrpcOptions) -> "_Said":
        metadata = metadata_of(target.headers)
        async with self._connector.connect(target) as channel:
            await health.check(channel, metadata)
            if not options.reflection:
                return _Said(document=target.document)
            found = await reflect(channel, metadata, lambda name: _looked_at(options, name))
        if not found.files:
            services = ", ".join(found.services[:20]) or "none"
            raise UpstreamRejected(f"reflection tells of no service to use; it lists {services}")
        files = FileDescriptorSet(file=found.files.values())
        return _Said(files.SerializeToString(), tuple(found.problems), reflected=True)


class _Said(NamedTuple):
    """A FileDescriptorSet, and what of it could not be had."""

    document: bytes
    problems: tuple[str, ...] = ()
    reflected: bool = False


def _looked_at(options: GrpcOptions, service: str) -> bool:
    """What a server has about itself is asked for only where it may have been chosen."""
    return bool(options.include) or not grpc_options.about_itself(service)


def _described(said: _Said, options: GrpcOptions) -> Discovered:
    """Pure, and takes long for large sets: it is done in a thread."""
    try:
        files = pool.read(said.document)
        made = _chosen(files, options, said)
        if said.reflected:  # and can be again, so nothing is kept that is not needed
            files = grpc_options.needed(options, files)
        pool.pack(grpc_options.needed(options, files))
    except DescriptorError as error:
        if said.reflected:
            raise UpstreamRejected(f"its descriptors can not be used: {error}") from error
        raise InvalidCall(f"grpc.descriptors can not be used: {error}") from error
    return _discovered(files, made, said.problems)


def _chosen(files: FileDescriptorSet, options: GrpcOptions, said: _Said) -> Catalogue:
    """Raises UpstreamRejected, InvalidCall when that is nothing."""
    made = catalogue(files, options)
    if made.tools:
        return made
    services = sorted({method.service for method in methods(files)})
    there = ", ".join(services[:20]) if services else "no service at all"
    problem = f"no method is chosen by grpc.include and grpc.exclude; there is {there}"
    raise UpstreamRejected(problem) if said.reflected else InvalidCall(problem)


def _discovered(files: FileDescriptorSet, made: Catalogue, problems: tuple[str, ...]) -> Discovered:
    return Discovered(
        transport="GRPC",
        era="modern",
        protocol_version="",
        capabilities=_CAPABILITIES,
        tools=made.tools,
        problems=first_problems((*problems, *made.problems)),
        document=files.SerializeToString(deterministic=True),
    )
