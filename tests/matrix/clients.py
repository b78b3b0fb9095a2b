"""The clients of the matrix: the official SDK's, one of each kind, held to one revision.

A `Party` is one client with what it heard. It answers a question with the question's own words, so
that no answer can be mistaken for another's.
"""

import asyncio
import itertools
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import mcp_types as types
from mcp.client._transport import TransportStreams
from mcp.client.client import Client
from mcp.client.sse import sse_client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.message import ClientMessageMetadata, SessionMessage
from typing_extensions import override

from matrix.pinned import pin
from matrix.severable import Severable, severable
from matrix.tapped import tapped
from matrix.tasks import EXTENSION
from support.client_kinds import websocket_transport
from support.door_http import plain_client
from support.mcp_servers import MODERN

STDIO = "stdio"
SSE = "2024-11-05"
SOCKET = "websocket"
KINDS = (MODERN, "2025-11-25", "2025-06-18", "2025-03-26", SSE, STDIO, SOCKET)
_META = "io.modelcontextprotocol/"


@dataclass
class Party:
    """`notifications`: (method, params) in order."""

    kind: str
    line: Severable
    notifications: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    _client: Client | None = None
    _raw: dict[str, "asyncio.Future[Any]"] = field(default_factory=dict)
    _write: Callable[[SessionMessage], Any] | None = None
    _numbers: Any = field(default_factory=itertools.count)

    @property
    def client(self) -> Client:
        assert self._client is not None
        return self._client

    @property
    def modern(self) -> bool:
        return self.revision == MODERN

    @property
    def revision(self) -> str:
        return "2025-11-25" if self.kind in (STDIO, SOCKET) else self.kind

    async def heard(self, held: Callable[[], bool], seconds: float) -> bool:
        """Whether it held within the time; asked again at each message."""
        try:
            async with asyncio.timeout(seconds):
                while not held():
                    self.news.clear()
                    await self.news.wait()
        except TimeoutError:
            return False
        return True

    async def request(self, method: str, **params: Any) -> dict[str, Any]:
        """The whole response to a request that the SDK has no words for."""
        id = f"raw-{next(self._numbers)}"
        answer = self._raw[id] = asyncio.get_running_loop().create_future()
        headers = {"mcp-protocol-version": self.revision}
        if self.modern:
            params["_meta"] = {
                f"{_META}protocolVersion": MODERN,
                f"{_META}clientCapabilities": {"extensions": {EXTENSION: {}}},
            }
            headers["mcp-method"] = method
            headers["mcp-name"] = str(params.get("name") or params.get("taskId"))
        request = types.JSONRPCRequest(jsonrpc="2.0", id=id, method=method, params=params)
        metadata = ClientMessageMetadata(headers=headers)
        await self._send(SessionMessage(request, metadata=metadata))
        return dict(await asyncio.wait_for(answer, 20))

    async def _send(self, message: SessionMessage) -> None:
        assert self._write is not None
        await self._write(message)

    def keep(self, item: SessionMessage | Exception) -> bool:
        """Takes answers to `request` out, and notes notifications."""
        if isinstance(item, Exception):
            return True
        message = item.message
        if isinstance(message, types.JSONRPCNotification):
            self.notifications.append((message.method, dict(message.params or {})))
            self.news.set()
        elif isinstance(message, types.JSONRPCResponse | types.JSONRPCError):
            waiting = self._raw.pop(str(message.id), None)
            if waiting is not None:
                waiting.set_result(message.model_dump(by_alias=True, mode="json"))
                return False
        return True

    def change(self, item: SessionMessage) -> SessionMessage:
        message = item.message
        if isinstance(message, types.JSONRPCRequest) and message.method == "initialize":
            raw = {"method": message.method, "params": message.params}
            pin(raw, self.revision)
        return item

    async def elicited(self, context: Any, params: types.ElicitRequestParams) -> types.ElicitResult:
        return types.ElicitResult(action="accept", content={"name": params.message})

    async def sampled(
        self, context: Any, params: types.CreateMessageRequestParams
    ) -> types.CreateMessageResult:
        asked = params.messages[0].content
        assert isinstance(asked, types.TextContent)
        said = types.TextContent(type="text", text=f"re {asked.text}")
        return types.CreateMessageResult(role="assistant", content=said, model="m")

    async def rooted(self, context: Any) -> types.ListRootsResult:
        return types.ListRootsResult.model_validate({"roots": [{"uri": f"file:///{self.kind}"}]})


@asynccontextmanager
async def party(kind: str, address: str, token: str) -> AsyncIterator[Party]:
    """A client of the gateway at `host:port`, over a line of its own."""
    async with severable(address) as line:
        made = Party(kind, line)
        try:
            async with _connected(made, f"http://{line.address}", token):
                yield made
        except* anyio.BrokenResourceError:
            pass  # the SDK's client, left while the answer to a call that it cancelled comes


@asynccontextmanager
async def _connected(made: Party, base: str, token: str) -> AsyncIterator[None]:
    transport = _transport(made.kind, base, token)
    async with tapped(transport, made.keep, made.change) as streams:
        made._write = streams[1].send
        client = Client(
            _Given(streams),
            mode=MODERN if made.modern else "legacy",
            elicitation_callback=made.elicited,
            sampling_callback=made.sampled,
            list_roots_callback=made.rooted,
            cache=None,
        )
        async with client:
            made._client = client
            yield


class _Given(AbstractAsyncContextManager[TransportStreams]):
    """A transport that runs already."""

    def __init__(self, streams: TransportStreams) -> None:
        self._streams = streams

    @override
    async def __aenter__(self) -> TransportStreams:
        return self._streams

    @override
    async def __aexit__(self, *_: object) -> None:
        return None


@asynccontextmanager
async def _transport(kind: str, base: str, token: str) -> AsyncIterator[TransportStreams]:
    headers = {"Authorization": f"Bearer {token}"}
    if kind == STDIO:
        arguments = ["-m", "mcpgateway.wrapper", "--url", base, "--auth", token]
        command = StdioServerParameters(command=sys.executable, args=arguments)
        async with stdio_client(command) as streams:
            yield streams
    elif kind == SOCKET:
        url = f"{base.replace('http', 'ws', 1)}/ws"
        async with websocket_transport(url, headers) as streams:
            yield streams
    elif kind == SSE:
        async with sse_client(f"{base}/sse", headers=headers) as streams:
            yield streams
    else:
        async with (
            plain_client(headers=headers, timeout=30) as http,
            streamable_http_client(f"{base}/mcp", http_client=http) as streams,
        ):
            yield streams
