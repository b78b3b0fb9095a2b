"""Clients of both eras by hand, so that a connection which a killed replica broke is seen as such.

Each knows its own marks: what it is asked or answered must bear them. `Broken` is what a kill may
do to a call; `Wrong` is what nothing may.
"""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2

from support.mcp_servers import MODERN

ACCEPT = "application/json, text/event-stream"
CAPABILITIES: dict[str, Any] = {"elicitation": {}, "sampling": {}, "roots": {}}
# Unreachable, outcome unknown, timed out, too slow a client: what a lost replica leads to.
EXCUSABLE = range(-31100, -31000)
UNAVAILABLE = (502, 503, 504)
_META = "io.modelcontextprotocol/"


class Broken(Exception):
    """The call was lost, as it may when a replica dies."""


class Wrong(Exception):
    """An answer that is another's, or a refusal of what is allowed."""


@dataclass
class Place:
    """Where a client calls, and as whom. `http` is shared by many."""

    http: httpx2.AsyncClient
    path: str
    token: str = ""
    numbers: Any = field(default_factory=itertools.count)

    def headers(self, **more: str) -> dict[str, str]:
        bearer = {"authorization": f"Bearer {self.token}"} if self.token else {}
        return {"accept": ACCEPT, **bearer, **{k.replace("_", "-"): v for k, v in more.items()}}


@asynccontextmanager
async def _posted(
    place: Place, message: Mapping[str, Any], headers: Mapping[str, str]
) -> AsyncIterator[httpx2.Response]:
    body = {"jsonrpc": "2.0", **message}
    try:
        async with place.http.stream("POST", place.path, json=body, headers=headers) as response:
            if response.status_code in UNAVAILABLE:
                raise Broken(response.status_code)
            yield response
    except (httpx2.TransportError, httpx2.StreamError) as error:
        raise Broken(repr(error)) from error


async def _messages(response: httpx2.Response) -> AsyncIterator[dict[str, Any]]:
    """What an answer brings, whichever its form."""
    if not response.headers.get("content-type", "").startswith("text/event-stream"):
        text = await response.aread()
        try:
            message = json.loads(text) if text else {}
        except ValueError:
            raise Wrong(f"{response.status_code} {text!r}") from None
        if "jsonrpc" not in message:
            raise Wrong(f"{response.status_code} {text!r}")
        yield message
        return
    async for line in response.aiter_lines():
        if line.startswith("data: {"):
            yield json.loads(line.removeprefix("data: "))


def _result(message: Mapping[str, Any], id: int) -> dict[str, Any]:
    if message.get("id") != id:
        raise Wrong(f"answer to {message.get('id')!r} for {id}: {message}")
    if "error" in message:
        if message["error"]["code"] in EXCUSABLE:
            raise Broken(message["error"]["message"])
        raise Wrong(message["error"])
    return dict(message["result"])


def _reply(method: str, params: Mapping[str, Any], mark: str) -> dict[str, Any]:
    """Says what it was asked; being asked another's question is wrong."""
    asked = params.get("message") if method == "elicitation/create" else None
    if method == "sampling/createMessage":
        asked = params["messages"][0]["content"]["text"]
    if asked != mark:
        raise Wrong(f"{mark} was asked {params}")
    if method == "elicitation/create":
        return {"action": "accept", "content": {"name": mark}}
    said = {"type": "text", "text": f"re {mark}"}
    return {"role": "assistant", "model": "m", "content": said}


def _text(result: Mapping[str, Any]) -> str:
    return str(result["content"][0]["text"])


class ModernClient:
    """2026-07-28: asked by `input_required`, answers after `pause` seconds."""

    revision = MODERN

    def __init__(self, place: Place) -> None:
        self._place = place

    async def open(self) -> None:
        """Nothing: there is no session."""

    async def call(self, tool: str, mark: str, pause: float) -> str:
        params: dict[str, Any] = {"name": tool, "arguments": {"mark": mark}}
        while True:
            result = await self._ask("tools/call", params, tool)
            if result["resultType"] != "input_required":
                return _text(result)
            asked = result["inputRequests"]
            await asyncio.sleep(pause)  # a person thinks
            params["inputResponses"] = {
                key: _reply(each["method"], each["params"], mark) for key, each in asked.items()
            }
            params["requestState"] = result.get("requestState")

    async def _ask(self, method: str, params: Mapping[str, Any], name: str) -> dict[str, Any]:
        meta = {f"{_META}protocolVersion": MODERN, f"{_META}clientCapabilities": CAPABILITIES}
        id = next(self._place.numbers)
        headers = self._place.headers(mcp_protocol_version=MODERN, mcp_method=method, mcp_name=name)
        message = {"method": method, "id": id, "params": {**params, "_meta": meta}}
        async with _posted(self._place, message, headers) as response:
            async for each in _messages(response):
                if "id" in each:
                    return _result(each, id)
        raise Broken("the stream ended")


class LegacyClient:
    """A session over Streamable HTTP in one revision, asked on the stream of its call."""

    def __init__(self, place: Place, revision: str) -> None:
        self.revision = revision
        self.session = ""
        self._place = place

    async def open(self) -> None:
        capabilities = dict(CAPABILITIES)
        if self.revision < "2025-06-18":
            del capabilities["elicitation"]
        hello = {
            "protocolVersion": self.revision,
            "capabilities": capabilities,
            "clientInfo": {"name": "soak", "version": "1"},
        }
        message = {"method": "initialize", "id": 0, "params": hello}
        async with _posted(self._place, message, self._place.headers()) as response:
            async for each in _messages(response):
                _result(each, 0)
            self.session = response.headers["mcp-session-id"]
        await self._tell({"method": "notifications/initialized"})

    async def call(self, tool: str, mark: str, pause: float) -> str:
        id = next(self._place.numbers) + 1
        params = {"name": tool, "arguments": {"mark": mark}}
        message = {"method": "tools/call", "id": id, "params": params}
        async with _posted(self._place, message, self._headers()) as response:
            if response.status_code == 404:
                raise Wrong("the session is lost")
            async for each in _messages(response):
                if "method" in each and "id" in each:
                    await asyncio.sleep(pause)  # a person thinks
                    reply = _reply(each["method"], each["params"], mark)
                    await self._tell({"id": each["id"], "result": reply})
                elif "id" in each:
                    return _text(_result(each, id))
        raise Broken("the stream ended")

    async def follow(self, uri: str) -> AsyncIterator[str]:
        """Subscribes to a resource, and yields the URIs of those that changed; "" at first."""
        id = next(self._place.numbers) + 1
        message = {"method": "resources/subscribe", "id": id, "params": {"uri": uri}}
        async with _posted(self._place, message, self._headers()) as response:
            async for each in _messages(response):
                _result(each, id)
        async with self._standing() as response:
            yield ""
            async for each in _messages(response):
                if each.get("method") == "notifications/resources/updated":
                    yield str(each["params"]["uri"])
        raise Broken("the stream ended")

    @asynccontextmanager
    async def _standing(self) -> AsyncIterator[httpx2.Response]:
        http = self._place.http
        try:
            async with http.stream("GET", self._place.path, headers=self._headers()) as response:
                if response.status_code != 200:
                    raise Broken(response.status_code)
                yield response
        except (httpx2.TransportError, httpx2.StreamError) as error:
            raise Broken(repr(error)) from error

    def _headers(self) -> dict[str, str]:
        return self._place.headers(mcp_session_id=self.session, mcp_protocol_version=self.revision)

    async def _tell(self, message: Mapping[str, Any]) -> None:
        async with _posted(self._place, message, self._headers()) as response:
            if response.status_code != 202:
                raise Wrong(f"{response.status_code} to {message}")
