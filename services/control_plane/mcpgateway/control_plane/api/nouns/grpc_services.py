"""/admin/grpc: gRPC services, as ContextForge's scripts know them. Each is an upstream of the
transport GRPC, which /gateways shows too."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from typing_extensions import override

from mcpgateway.common.protobuf.methods import Method
from mcpgateway.control_plane.api.http.applied import Written
from mcpgateway.control_plane.api.http.exchange import actor_of, at, id_of, json
from mcpgateway.control_plane.api.http.operation import Listed, Operation, Shown
from mcpgateway.control_plane.api.nouns import render
from mcpgateway.control_plane.api.nouns.gateways import MAX_BODY
from mcpgateway.control_plane.api.nouns.grpc_service_input import read_service
from mcpgateway.control_plane.api.nouns.noun import Json, Noun, NounRoutes, done
from mcpgateway.control_plane.api.nouns.shared_input import MASK
from mcpgateway.control_plane.registry import grpc_services
from mcpgateway.control_plane.registry.actor import changeable
from mcpgateway.control_plane.registry.discovered import refresh
from mcpgateway.control_plane.registry.grpc_services import Descriptions, ServiceDraft, ServiceView
from mcpgateway.control_plane.registry.ports import Change, Ports, Reader
from mcpgateway.control_plane.registry.transports import grpc as grpc_options
from mcpgateway.control_plane.registry.views import Query

PATH = "/admin/grpc"


def noun(read: Reader, clock: Callable[[], datetime]) -> Noun[ServiceView, ServiceDraft]:
    descriptions = Descriptions(read)

    async def services(query: Query) -> list[ServiceView]:
        rows = await read.upstreams(msgspec.structs.replace(query, limit=None))
        found = [row for row in rows if grpc_services.is_service(row)][: query.limit]
        return [await descriptions.of(row) for row in found]

    return Noun(
        name="grpc",
        what=grpc_services.WHAT,
        kind="upstream",
        read=services,
        key=lambda row: row.name,
        show=service,
        parse=lambda body, new: read_service(body, new=new, now=clock()),
        acts=grpc_services,
        created=201,
        array="services",
        limit=MAX_BODY,
        refuses=(502, 504),
    )


class GrpcServices(NounRoutes[ServiceView, ServiceDraft]):
    """Its paths, and those of the methods that a service has."""

    @override
    def routes(self) -> Sequence[Route]:
        noun = self._noun
        one, refuses = {200: noun.shown}, (403, 409, *noun.refuses)
        listing = Operation(self.list, "List gRPC services", {200: Listed("services", noun.shown)})
        making = Operation(
            self.create, "Register a gRPC service", {201: noun.shown}, refuses, tagged=True
        )
        changing = Operation(self.replace, "Change a gRPC service", one, refuses, tagged=True)
        removing = Operation(self.remove, "Delete a gRPC service", {200: Shown(done)}, (403,))
        switching = Operation(
            self.set_state,
            "Switch a gRPC service on or off",
            {200: noun.switched},
            (403,),
            tagged=True,
        )
        reflecting = Operation(
            self.reflect, "Look at a gRPC service again", one, refuses, tagged=True
        )
        told = Operation(self.methods, "The methods of a gRPC service", {200: Shown(shown_methods)})
        reading = Operation(self.get, "One gRPC service", one, tagged=True)
        return (
            at(PATH, GET=listing, POST=making),
            at(f"{PATH}/{{id}}", GET=reading, PUT=changing, DELETE=removing),
            at(f"{PATH}/{{id}}/state", POST=switching),
            at(f"{PATH}/{{id}}/delete", POST=removing),
            at(f"{PATH}/{{id}}/reflect", POST=reflecting),
            at(f"{PATH}/{{id}}/methods", GET=told),
        )

    async def reflect(self, request: Request) -> Response:
        actor, id = actor_of(request), id_of(request, self._noun.what)

        async def act(ports: Ports) -> Change:
            row = changeable(await self._noun.one(actor, id), actor, "gateway", id)
            refreshed = await refresh.refresh(ports, actor.who, row, (), actor.viewer.email)
            return Change(id, refreshed.revision, refreshed.renamed)

        async def show(change: Change) -> Written:
            return await self._shown(actor, change)

        return await self._writes.run(request, act, show)

    async def methods(self, request: Request) -> Response:
        """All that its descriptors have, and whether it is a tool."""
        row = await self._noun.one(actor_of(request), id_of(request, self._noun.what))
        return json(shown_methods(row))


def service(row: ServiceView) -> Json:
    options = grpc_options.read(row.transport_options)
    names = row.auth.headers if row.auth else ()
    return {
        "id": row.id,
        "name": row.name,
        "slug": row.slug,
        "target": grpc_services.target_of(row),
        "description": row.description,
        "reflectionEnabled": options.reflection,
        "tlsEnabled": grpc_services.is_tls(row),
        "tlsCertPath": None,
        "tlsKeyPath": None,
        "caCertificate": row.ca_certificate,
        "clientCert": row.client_cert,
        "clientKey": MASK if row.client_cert else None,
        "grpcMetadata": dict.fromkeys(names, MASK),
        "grpc": row.transport_options,
        "enabled": row.enabled,
        "reachable": row.reachable,
        "lastError": row.last_error,
        "serviceCount": len({each.service for each in row.methods}),
        "methodCount": row.tool_count,
        "discoveredServices": _discovered(row.methods),
        "skippedMethods": list(row.problems),
        "lastReflection": row.last_refresh,
        "timeoutMs": row.timeout_ms,
        **render.common(row),
    }


def _discovered(found: Sequence[Method]) -> Json:
    """By the names of services; the members of methods in snake_case, as ContextForge has these."""
    services: dict[str, Json] = {}
    for each in found:
        package, _, name = each.service.rpartition(".")
        service = {"name": name, "package": package, "methods": []}
        methods = services.setdefault(each.service, service)["methods"]
        methods.append({"name": each.method, **_types(each)})
    return services


def shown_methods(row: ServiceView) -> Json:
    options = grpc_options.read(row.transport_options)
    return {"methods": [_method(each, grpc_options.chosen(options, each)) for each in row.methods]}


def _method(method: Method, chosen: bool) -> dict[str, Any]:
    """In snake_case, as ContextForge has these."""
    return {
        "service": method.service,
        "method": method.method,
        "full_name": method.name,
        **_types(method),
        "deprecated": method.deprecated,
        "tool": chosen,
    }


def _types(method: Method) -> Json:
    return {
        "input_type": method.input,
        "output_type": method.output,
        "client_streaming": method.client_streaming,
        "server_streaming": method.server_streaming,
    }
