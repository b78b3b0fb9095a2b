"""/tools: those of upstreams, and REST operations of our own."""

from typing import Any, Protocol

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import override

from mcpgateway.common.result_filter import MAX_FILTER, filter_problem
from mcpgateway.common.runtime.bounded_work import Done, Work
from mcpgateway.control_plane.api.http.applied import Writes
from mcpgateway.control_plane.api.http.errors import bad_query
from mcpgateway.control_plane.api.http.exchange import json
from mcpgateway.control_plane.api.http.noted import Schema, note
from mcpgateway.control_plane.api.nouns import render_held
from mcpgateway.control_plane.api.nouns.noun import HeldRoutes, Noun, page_of
from mcpgateway.control_plane.api.nouns.tool_input import read_tool
from mcpgateway.control_plane.registry import tools
from mcpgateway.control_plane.registry.drafts import ToolDraft
from mcpgateway.control_plane.registry.ports import Ports, Reader
from mcpgateway.control_plane.registry.views import ToolView

_FILTER: Schema = {
    "type": "string",
    "maxLength": MAX_FILTER,
    "description": "JSONPath (RFC 9535) or jq: only what it leaves of the list.",
}


def noun(read: Reader) -> Noun[ToolView, ToolDraft]:
    return Noun(
        name="tools",
        what="tool",
        kind="tool",
        read=read.tools,
        key=lambda row: row.name,
        show=render_held.tool,
        parse=lambda body, new: read_tool(body, new=new),
        acts=tools,
    )


class Filters(Protocol):
    """Applies a filter to a JSON document, where it can be stopped."""

    async def do(self, work: Work) -> Done:
        """Raises Unavailable."""


class Tools(HeldRoutes[ToolView, ToolDraft]):
    """And `?apijsonpath=` of the list: only what the filter leaves of it."""

    def __init__(
        self, ports: Ports, writes: Writes, noun: Noun[ToolView, ToolDraft], filters: Filters
    ) -> None:
        super().__init__(ports, writes, noun)
        self._filters = filters

    @override
    async def list(self, request: Request) -> Response:
        note(request.query_params, "apijsonpath", _FILTER)
        said = request.query_params.get("apijsonpath", "")
        found = await self._noun.page(page_of(request))
        if not said:
            return json(found)
        work = Work("filter", path_of(said).encode(), msgspec.json.encode(found))
        filtered = await self._filters.do(work)
        if filtered.failed:
            raise bad_query("apijsonpath", filtered.failed)
        return json(msgspec.Raw(filtered.value))


def path_of(said: str) -> str:
    """The filter, which ContextForge's clients send as `{"jsonpath": "..."}`. Raises
    InvalidCall."""
    text = said.strip()
    if text.startswith("{") and '"jsonpath"' in text:
        try:
            modifier: dict[str, Any] = msgspec.json.decode(text, type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise bad_query("apijsonpath", f"is no JSON: {error}") from None
        if modifier.get("mapping"):
            raise bad_query("apijsonpath", "takes no mapping: use jq, such as map({name, id})")
        text = str(modifier.get("jsonpath") or "$")
    problem = filter_problem(text)
    if problem:
        raise bad_query("apijsonpath", problem)
    return text
