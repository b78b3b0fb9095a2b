"""What the calls of steps need of who sends calls, and who says what is meant by one."""

from typing import NamedTuple, Protocol

from mcpgateway.common.mcp.envelope import Problem
from mcpgateway.common.routing.model import Tool
from mcpgateway.data_plane.pipeline.call import Call
from mcpgateway.data_plane.pipeline.composing.allowance import Within
from mcpgateway.data_plane.pipeline.counted import Calls
from mcpgateway.data_plane.upstreams.request import Send, Sink, Ticket, UpstreamRequest


class Meant(NamedTuple):
    """`tool` is no derived one."""

    call: Call
    tool: Tool


class NotSent(NamedTuple):
    """What the model is told in place of an answer."""

    said: str


class Meaning(Protocol):
    """What is meant by calls of tools that are made of others."""

    def may(self, call: Call, tool: Tool, arguments: bytes) -> Problem | None:
        """Why a caller may not call a tool with these arguments (JSON), wherever it is offered."""

    def meant(self, call: Call, tool: Tool) -> Meant | Problem | NotSent:
        """`tool` has a recipe. Raises UpstreamUnreachable for one that can not be called."""

    def starts(
        self, call: Call, tool: Tool, remote: "Stepping", within: Within | None = None
    ) -> Send:
        """What sends the request of a composed tool, in place of an upstream's client. `within`:
        the run that it is a step of; None: of none."""


class Stepping(Protocol):
    """Who sends calls to upstreams."""

    @property
    def calls(self) -> Calls: ...

    async def prepared(self, call: Call, tool: Tool) -> UpstreamRequest:
        """The request of a call whose answer is read here; waits for a token that has to be read
        first. Raises GatewayError."""

    def begin(self, call: Call, request: UpstreamRequest, sink: Sink) -> Ticket:
        """Sends and counts it."""
