"""Which sink takes the answer to a call: by what its client can be told before it, and asked."""

from functools import partial
from typing import NamedTuple

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp.revisions import META_CLIENT_CAPABILITIES
from mcpgateway.common.mcp.session import Session
from mcpgateway.common.routing.model import Upstream
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.common.runtime.rendering.renderer import Renderer
from mcpgateway.data_plane.parked.owners import Owners
from mcpgateway.data_plane.parked.session_state import SessionStates
from mcpgateway.data_plane.pipeline.asking.legacy import LegacyAskers
from mcpgateway.data_plane.pipeline.asking.parked_calls import ParkedCalls
from mcpgateway.data_plane.pipeline.call import AnswerSink, Call, OnDone
from mcpgateway.data_plane.pipeline.forms import MESSAGE
from mcpgateway.data_plane.pipeline.handles import Handles
from mcpgateway.data_plane.pipeline.handling.handled_call import Tools
from mcpgateway.data_plane.pipeline.listening.listening import Listening
from mcpgateway.data_plane.pipeline.searching.catalogues import Catalogues
from mcpgateway.data_plane.pipeline.sinks.session_sink import SessionSink
from mcpgateway.data_plane.pipeline.streams.heartbeat import Heartbeat
from mcpgateway.data_plane.pipeline.streams.registry import Streams
from mcpgateway.data_plane.pipeline.tasks.keeper import Keeper
from mcpgateway.data_plane.pipeline.upstream_auth.credentials import Credentials


class Place(NamedTuple):
    """Where a legacy session is: at a virtual server ("" for all), with its caller's key."""

    server: str
    caller: str
    session: Session


class Conversations(NamedTuple):
    """What makes the sinks of calls that more may come of than one answer."""

    handles: Handles
    owners: Owners
    states: SessionStates
    askers: LegacyAskers
    parked: ParkedCalls
    streams: Streams
    heartbeat: Heartbeat
    listening: Listening
    keeper: Keeper
    renderer: Renderer
    tools: Tools
    catalogues: Catalogues
    credentials: Credentials | None = None  # with which upstreams are called; None: the table's

    def sink(self, call: Call, upstream: Upstream | None, on_done: OnDone | None) -> AnswerSink:
        """Sinks outlive the decision: they hold no call and no table. `upstream` None: the answer
        is the gateway's own."""
        if call.form is not MESSAGE:
            return call.form.sink(call, on_done)
        if call.era == "legacy" and call.session is not None:
            place = Place(call.view.server_id, call.caller.key, call.session)
            return self.in_session(call.exchange, call.id, place, on_done)
        asks = upstream is not None and upstream.era == "legacy"
        if call.era == "modern" and asks and _can_be_asked(call):
            return self.parked.sink(call, on_done)
        return call.form.sink(call, on_done)

    async def aclose(self) -> None:
        """As `close`; then nothing is written of tasks any more."""
        self.close()
        await self.keeper.aclose()
        await self.renderer.aclose()
        await self.tools.bounded.aclose()
        await self.catalogues.aclose()

    def close(self) -> None:
        """Ends all of it; clients that come back are told that it is lost."""
        self.listening.close()
        self.parked.close()
        self.streams.close()
        self.heartbeat.close()

    def in_session(
        self, exchange: Exchange, id: jsonrpc.Id, place: Place, on_done: OnDone | None
    ) -> AnswerSink:
        """For a call in a legacy session."""
        server, caller, session = place
        stream = partial(self.streams.open, server=server, caller=caller, revision=session.revision)
        asking = self.askers.asking(server, caller, session.capabilities)
        return SessionSink(exchange, id, stream, asking, on_done)


def _can_be_asked(call: Call) -> bool:
    declared = None if call.meta is None else call.meta.get(META_CLIENT_CAPABILITIES)
    return declared is not None and bytes(declared) != b"{}"
