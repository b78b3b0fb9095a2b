"""The official SDK's client over each transport that a gateway serves, at one address.

WebSocket, which the SDK has none of, is a transport made of the `websockets` package. `wrapper`,
`wrapper-legacy` and `translate` speak stdio to a bridge of ours, which speaks to the gateway.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Literal

import mcp_types as types
from mcp import StdioServerParameters
from mcp.client._transport import Transport, TransportStreams
from mcp.client.client import Client
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._context_streams import create_context_streams
from mcp.shared.message import SessionMessage
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from mcpgateway.common.runtime.tasks import end
from support.door_http import plain_client

Kind = Literal["modern", "legacy", "sse", "ws", "wrapper", "wrapper-legacy", "translate"]
KINDS: tuple[Kind, ...] = (
    "modern",
    "legacy",
    "sse",
    "ws",
    "wrapper",
    "wrapper-legacy",
    "translate",
)


@dataclass
class Person:
    """Answers what it is asked, and keeps what it is told."""

    name: str = "Ann"
    told: list[str] = field(default_factory=list)  # methods of notifications, in order
    progress: list[float] = field(default_factory=list)

    async def elicit(self, _: Any, params: types.ElicitRequestParams) -> types.ElicitResult:
        return types.ElicitResult(action="accept", content={"name": self.name})

    async def sample(
        self, _: Any, params: types.CreateMessageRequestParams
    ) -> types.CreateMessageResult:
        text = types.TextContent(type="text", text=f"{self.name} says hi")
        return types.CreateMessageResult(role="assistant", model="m", content=text)

    async def roots(self, _: Any) -> types.ListRootsResult:
        return types.ListRootsResult(roots=[types.Root(uri="file:///a")])  # type: ignore[arg-type]  # a string is read

    async def message(self, message: Any) -> None:
        self.told.append(str(getattr(message, "method", type(message).__name__)))

    async def progressed(self, progress: float, total: float | None, message: str | None) -> None:
        self.progress.append(progress)

    @property
    def callbacks(self) -> dict[str, Any]:
        return {
            "elicitation_callback": self.elicit,
            "sampling_callback": self.sample,
            "list_roots_callback": self.roots,
            "message_handler": self.message,
        }


@asynccontextmanager
async def client_of(
    kind: Kind, address: str, token: str, person: Person, server: str = ""
) -> AsyncIterator[Client]:
    """At `http://{address}`, below a virtual server or for everything."""
    base = address + (f"/servers/{server}" if server else "")
    headers = {"Authorization": f"Bearer {token}"}
    mode = "2026-07-28" if kind in ("modern", "wrapper") else "legacy"
    async with plain_client(headers=headers, timeout=60) as http:
        reached: Transport | StdioServerParameters
        match kind:
            case "sse":
                reached = sse_client(f"http://{base}/sse", headers)
            case "ws":
                reached = websocket_transport(f"ws://{base}/ws", headers)
            case "wrapper" | "wrapper-legacy":
                reached = _bridge("wrapper", "--url", f"http://{base}", "--auth", token)
            case "translate":
                reached = _bridge(
                    "translate", "--connect-sse", f"http://{base}/sse", "--oauth2Bearer", token
                )
            case _:
                reached = streamable_http_client(f"http://{base}/mcp", http_client=http)
        async with Client(reached, mode=mode, **person.callbacks) as client:
            yield client


def _bridge(module: str, *options: str) -> StdioServerParameters:
    arguments = ["-m", f"mcpgateway.{module}", *options]
    return StdioServerParameters(command=sys.executable, args=arguments)


@asynccontextmanager
async def websocket_transport(url: str, headers: dict[str, str]) -> AsyncIterator[TransportStreams]:
    """One JSON-RPC message in each message."""
    subprotocol = Subprotocol("mcp")
    async with connect(url, subprotocols=[subprotocol], additional_headers=headers) as socket:
        assert socket.subprotocol == "mcp"
        heard, read = create_context_streams[SessionMessage | Exception](0)
        write, said = create_context_streams[SessionMessage](0)
        tasks = [asyncio.create_task(_hear(socket, heard)), asyncio.create_task(_say(socket, said))]
        try:
            yield read, write
        finally:
            for task in tasks:
                await end(task)
            for stream in (heard, read, write, said):
                await stream.aclose()


async def _hear(socket: ClientConnection, heard: Any) -> None:
    with suppress(ConnectionClosed):
        async for text in socket:
            message = types.jsonrpc_message_adapter.validate_json(text)
            await heard.send(SessionMessage(message))
    await heard.aclose()


async def _say(socket: ClientConnection, said: Any) -> None:
    async for item in said:
        await socket.send(item.message.model_dump_json(by_alias=True, exclude_unset=True))
