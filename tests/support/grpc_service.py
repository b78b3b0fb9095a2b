"""A gRPC server on loopback: route guide, probes, health and reflection, of descriptors that protoc
makes of `protos/` when they are first wanted."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

import grpc
import grpc.aio
import msgspec
from google.protobuf import any_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import status_pb2
from google.rpc.error_details_pb2 import BadRequest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha._async import ReflectionServicer
from grpc_tools import protoc

from mcpgateway.common.protobuf.methods import methods
from mcpgateway.common.protobuf.pool import pack, read
from mcpgateway.common.routing.model import Record, Tool, Upstream
from support.tls import Issued

ROUTE_GUIDE, PROBE = "routeguide.RouteGuide", "probe.v1.Probe"
HEALTH = "grpc.health.v1.Health"
Reflection = Literal["v1", "v1alpha"]
_PROTOS = Path(__file__).parent / "protos"
_WELL_KNOWN = Path(protoc.__file__).parent / "_proto"


@cache
def descriptors() -> bytes:
    """A serialized `FileDescriptorSet` with comments and imports."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}{os.sep}set"
        arguments = ["protoc", f"-I{_PROTOS}", f"-I{_WELL_KNOWN}", "--include_imports"]
        files = sorted(str(each) for each in _PROTOS.glob("*.proto"))
        failed = protoc.main([*arguments, "--include_source_info", f"-o{path}", *files])
        assert not failed, "protoc failed"
        return Path(path).read_bytes()


@cache
def pool() -> DescriptorPool:
    made = DescriptorPool()
    for file in FileDescriptorSet.FromString(descriptors()).file:
        made.AddSerializedFile(file.SerializeToString())
    return made


def message(name: str, /, **fields: Any) -> Any:
    """A message by its full name."""
    return GetMessageClass(pool().FindMessageTypeByName(name))(**fields)


@dataclass
class GrpcService:
    """`heard` is the metadata of each call, `begun` and `left` say that `Wait` or `Count` was
    called, and given up by its caller; `go_on` lets `Wait` answer."""

    port: int = 0
    scheme: Literal["grpc", "grpcs"] = "grpc"
    heard: list[dict[str, str]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    health: HealthServicer = field(default_factory=HealthServicer)
    host: str = "127.0.0.1"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"

    def records(self, *, tool: dict[str, Any] | None = None, **more: Any) -> list[Record]:
        """What the routing table has of it: `more` are fields of the upstream, `tool` of each of
        its tools. They are offered as their methods are called."""
        kept = pack(read(descriptors()))
        fields = {"loopback_allowed": True, "descriptors": kept, **more}
        upstream = Upstream("g", "a service", "g", self.url, "GRPC", **fields)
        shown = msgspec.json.encode({"description": "", "inputSchema": {"type": "object"}})
        return [
            upstream,
            *(
                Tool(each.name, "g", each.method, each.name, shown, **(tool or {}))
                for each in methods(read(descriptors()))
            ),
        ]

    # RouteGuide.

    async def get_feature(self, point: Any, context: Any) -> Any:
        if abs(point.latitude) > 900_000_000:
            await _abort(context, *_out_of_range(point.latitude))
        return _feature(point)

    async def list_features(self, rectangle: Any, _context: Any) -> AsyncIterator[Any]:
        for latitude in range(rectangle.lo.latitude, rectangle.hi.latitude + 1):
            point = message("routeguide.Point", latitude=latitude, longitude=latitude + 1)
            yield _feature(point)

    async def record_route(self, points: AsyncIterator[Any], _context: Any) -> Any:
        seen = [point async for point in points]
        named = [point for point in seen if _feature(point).name]
        return message(
            "routeguide.RouteSummary",
            point_count=len(seen),
            feature_count=len(named),
            distance=2**53 + 1,
        )

    async def route_chat(self, notes: AsyncIterator[Any], _context: Any) -> AsyncIterator[Any]:
        left: list[Any] = []
        async for note in notes:
            for before in left:
                if before.location == note.location:
                    yield before
            left.append(note)

    # Probe.

    async def echo(self, sent: Any, _context: Any) -> Any:
        return sent

    async def metadata(self, _sent: Any, context: Any) -> Any:
        heard = {key: _text(value) for key, value in context.invocation_metadata()}
        self.heard.append(heard)
        seconds = context.time_remaining() or 0.0
        return message("probe.v1.Heard", metadata=heard, seconds=seconds)

    async def fail(self, failure: Any, context: Any) -> Any:
        await _abort(context, failure.code, failure.message, failure.details)

    async def fail_midway(self, failure: Any, context: Any) -> AsyncIterator[Any]:
        for number in range(failure.after):
            yield message("probe.v1.Number", number=number)
        await _abort(context, failure.code, failure.message, failure.details)

    async def wait(self, sent: Any, _context: Any) -> Any:
        self.begun.set()
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.left.set()
            raise
        return sent

    async def count(self, first: Any, _context: Any) -> AsyncIterator[Any]:
        """As fast as it is read; a first number below 0 waits after as many."""
        number, until = first.number, 0
        try:
            while first.number >= 0 or number < until:
                yield message("probe.v1.Number", number=number)
                self.begun.set()
                number += 1
            self.begun.set()
            await self.go_on.wait()
        except (asyncio.CancelledError, GeneratorExit):
            self.left.set()
            raise

    async def blob(self, size: Any, _context: Any) -> Any:
        return message("probe.v1.Bytes", data=bytes(size.number))

    async def old(self, sent: Any, _context: Any) -> Any:
        return sent


def _feature(point: Any) -> Any:
    known = point.longitude == point.latitude + 1
    name = f"Oldton {point.latitude}" if known else ""
    return message("routeguide.Feature", name=name, location=point)


def _out_of_range(latitude: int) -> tuple[int, str, list[Any]]:
    said = f"{latitude} is beyond 900000000 (90 degrees)"
    violation = BadRequest.FieldViolation(field="latitude", description=said)
    return 3, "the point is nowhere", [detail(BadRequest(field_violations=[violation]))]


def detail(said: Message) -> any_pb2.Any:
    """One for a status."""
    made = any_pb2.Any()
    made.Pack(said)
    return made


async def _abort(context: Any, code: int, said: str, details: Sequence[Any] = ()) -> None:
    if details:
        status = status_pb2.Status(code=code, message=said)
        for each in details:  # of any pool
            status.details.add().MergeFromString(each.SerializeToString())
        told = (("grpc-status-details-bin", status.SerializeToString()),)
        context.set_trailing_metadata(told)
    await context.abort(_CODES[code], said)


_CODES = {code.value[0]: code for code in grpc.StatusCode}


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.hex()


def _handler(service: str, behaviours: Any) -> grpc.GenericRpcHandler:
    """Its methods are those of `behaviours` in snake case."""
    handlers = {}
    for method in pool().FindServiceByName(service).methods:
        kind = "stream" if method.client_streaming else "unary"
        kind += "_stream" if method.server_streaming else "_unary"
        make = getattr(grpc, f"{kind}_rpc_method_handler")
        snake = "".join(f"_{c.lower()}" if c.isupper() else c for c in method.name).lstrip("_")
        taken = GetMessageClass(method.input_type)
        handlers[method.name] = make(
            getattr(behaviours, snake),
            request_deserializer=taken.FromString,
            response_serializer=GetMessageClass(method.output_type).SerializeToString,
        )
    return grpc.method_handlers_generic_handler(service, handlers)


def _reflection(revision: Reflection, asked: list[str]) -> grpc.GenericRpcHandler:
    """Both revisions have the same messages, and differ in the name of their package."""
    names = (ROUTE_GUIDE, PROBE, HEALTH, f"grpc.reflection.{revision}.ServerReflection")
    servicer: Any = ReflectionServicer(service_names=names, pool=_with_health())

    async def info(requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        asked.append(revision)
        async for answer in servicer.ServerReflectionInfo(requests, context):
            yield answer

    handler = grpc.stream_stream_rpc_method_handler(
        info,
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    service = f"grpc.reflection.{revision}.ServerReflection"
    return grpc.method_handlers_generic_handler(service, {"ServerReflectionInfo": handler})


@cache
def _with_health() -> DescriptorPool:
    made = DescriptorPool()
    for file in FileDescriptorSet.FromString(descriptors()).file:
        made.AddSerializedFile(file.SerializeToString())
    made.AddSerializedFile(health_pb2.DESCRIPTOR.serialized_pb)
    return made


@asynccontextmanager
async def grpc_service(
    reflections: Sequence[Reflection] = ("v1", "v1alpha"),
    *,
    certificate: Issued | None = None,
    clients: str = "",
    port: int = 0,
    handlers: Sequence[grpc.GenericRpcHandler] = (),
) -> AsyncIterator[GrpcService]:
    """With a certificate it speaks TLS; `clients`: PEM of who issues those that callers must show.
    `handlers`: of further methods, which reflection does not know, or in place of its own."""
    served = GrpcService()
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    server.add_generic_rpc_handlers(
        (
            *handlers,
            _handler(ROUTE_GUIDE, served),
            _handler(PROBE, served),
            *(_reflection(each, served.asked) for each in reflections),
        )
    )
    health_pb2_grpc.add_HealthServicer_to_server(served.health, server)
    where = f"127.0.0.1:{port}"
    if certificate is None:
        served.port = server.add_insecure_port(where)
    else:
        pairs = [(certificate.key.encode(), certificate.cert.encode())]
        issuer = clients.encode() or None
        credentials = grpc.ssl_server_credentials(pairs, issuer, bool(clients))
        served.port = server.add_secure_port(where, credentials)
        served.scheme = "grpcs"
    await server.start()
    try:
        await served.health.set("", health_pb2.HealthCheckResponse.SERVING)
        yield served
    finally:
        served.go_on.set()
        await server.stop(grace=None)
