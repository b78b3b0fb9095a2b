"""Calls that stand alone: legacy by era, without a session, answered in one piece."""

from typing import NamedTuple

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp.envelope import read_meta
from mcpgateway.common.mcp.revisions import LATEST_LEGACY
from mcpgateway.common.routing.view import View
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.data_plane.edge.callers import Visit
from mcpgateway.data_plane.pipeline.call import Call, Form


class Asked(NamedTuple):
    """What is asked for. `id` is the caller's where it speaks JSON-RPC."""

    method: str
    params: jsonrpc.Params
    id: jsonrpc.Id = 1


def single_call(exchange: Exchange, visit: Visit, view: View, asked: Asked, form: Form) -> Call:
    """The latest legacy revision, so that upstreams leave nothing out of their answers."""
    return Call(
        exchange=exchange,
        table=visit.table,
        view=view,
        caller=visit.caller,
        era="legacy",
        revision=LATEST_LEGACY,
        id=asked.id,
        method=asked.method,
        params=asked.params,
        meta=read_meta(asked.params),
        form=form,
    )
