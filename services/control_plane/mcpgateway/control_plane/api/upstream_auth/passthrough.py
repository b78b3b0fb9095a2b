"""/admin/config/passthrough-headers: what clients may pass to all upstreams that name nothing."""

from collections.abc import Sequence

from msgspec import UNSET
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mcpgateway.control_plane.api.http.applied import Writes, Written, read_wait
from mcpgateway.control_plane.api.http.exchange import actor_of, at, json, read_object
from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.http.noted import Schema
from mcpgateway.control_plane.api.http.operation import Operation
from mcpgateway.control_plane.api.nouns.gateway_input import read_passthrough
from mcpgateway.control_plane.api.upstream_auth.shared import check_operator
from mcpgateway.control_plane.registry.ports import Ports
from mcpgateway.control_plane.registry.upstream_auth.looking import tokens_of
from mcpgateway.control_plane.registry.upstream_auth.ports import TokenStore

_CONFIG: Schema = {
    "type": "object",
    "properties": {"passthrough_headers": {"type": "array", "items": {"type": "string"}}},
}
_STATS: Schema = {"type": "object"}
# ContextForge's members. Data planes have the list in the records that it concerns, and the control
# plane reads it where it is written: nothing is kept for a while, and nothing can be out of date.
_NOTHING_CACHED = {
    "hit_count": 0,
    "miss_count": 0,
    "hit_rate": 0.0,
    "ttl_seconds": 0,
    "is_cached": False,
}


class PassthroughConfig:
    def __init__(self, ports: Ports, writes: Writes) -> None:
        self._ports = ports
        self._writes = writes

    def routes(self) -> Sequence[Route]:
        shown = Operation(self.passed, "Headers passed everywhere", {200: _CONFIG}, (403,))
        change = Operation(self.pass_on, "Set them", {200: _CONFIG}, (403,))
        stats = Operation(self.stats, "That nothing of it is cached", {200: _STATS}, (403,))
        forget = Operation(self.forget, "Forget what is cached: nothing", {200: _STATS}, (403,))
        path = "/admin/config/passthrough-headers"
        return [
            at(path, GET=shown, PUT=change),
            at(f"{path}/cache-stats", GET=stats),
            at(f"{path}/invalidate-cache", POST=forget),
        ]

    @property
    def _store(self) -> TokenStore:
        return tokens_of(self._ports).store

    async def passed(self, request: Request) -> Response:
        check_operator(actor_of(request))
        return json({"passthrough_headers": list(await self._store.passthrough() or ())})

    async def pass_on(self, request: Request) -> Response:
        """Replaces the list; data planes get it with the record of each upstream."""
        actor, wait = actor_of(request), read_wait(request.query_params)
        fields = Fields(await read_object(request))
        names = read_passthrough(fields)
        fields.check()
        check_operator(actor)
        chosen = None if names is UNSET else names
        revision = await self._store.set_passthrough(chosen, actor.who, self._ports.clock())
        written = Written({"passthrough_headers": list(chosen or ())}, None, revision)
        return await self._writes.answer(written, wait)

    async def stats(self, request: Request) -> Response:
        check_operator(actor_of(request))
        return json(_NOTHING_CACHED)

    async def forget(self, request: Request) -> Response:
        check_operator(actor_of(request))
        said = "nothing is cached: what was set is what data planes were told"
        return json({"status": "invalidated", "message": said, "cache_stats": _NOTHING_CACHED})
