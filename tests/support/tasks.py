"""Clients of both eras that take tasks, and upstreams that have some, over recording upstreams."""

import json
from typing import Any

from typing_extensions import override

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp import tasks
from mcpgateway.common.mcp.revisions import META_CLIENT_CAPABILITIES
from support.endpoint import Endpoint, answer_of
from support.exchange import RecordingExchange
from support.registries import tool, upstream
from support.upstreams import RecordedCall
from support.wait import until

EXTENSION: dict[str, Any] = {"extensions": {tasks.EXTENSION: {}}}
ABLE: dict[str, Any] = {META_CLIENT_CAPABILITIES: {**EXTENSION, "elicitation": {}}}
CORE = json.dumps({"tools": {}, "tasks": tasks.LEGACY_CAPABILITY}).encode()
WITH = json.dumps({"tools": {}, **EXTENSION}).encode()
PLAIN = b'{"tools":{}}'
CALL: dict[str, Any] = {"name": "u1-t1", "arguments": {"a": 1}}
HELLO = {"protocolVersion": "2025-11-25", "capabilities": {"elicitation": {}}, "clientInfo": {}}
RESULT = {"content": [{"type": "text", "text": "done"}]}


def records(era: str, capabilities: bytes, *, support: str = "", **of_tool: Any) -> tuple[Any, ...]:
    """An upstream and its tool."""
    revision = "2025-11-25" if era == "legacy" else "2026-07-28"
    definition: dict[str, Any] = {"inputSchema": {"type": "object"}}
    if support:
        definition["execution"] = {"taskSupport": support}
    return (
        upstream(era=era, capabilities=capabilities, protocol_version=revision),
        tool(definition=json.dumps(definition).encode(), **of_tool),
    )


def play(call: RecordedCall, result: Any) -> None:
    """The upstream's answer to what it was sent."""
    call.sink.answer(jsonrpc.response(call.request.id, json.dumps(result).encode()))


class Modern:
    """A modern client. `more` is added to what each of its requests has in `_meta`."""

    era = "modern"

    def __init__(self, endpoint: Endpoint, more: dict[str, Any] | None = None) -> None:
        self.endpoint = endpoint
        self._meta = {**ABLE, **(more or {})}

    def call(self, **more: Any) -> RecordingExchange:
        return self.send(tasks.CALL, {**CALL, **more})

    def send(self, method: str, params: Any) -> RecordingExchange:
        return self.endpoint.modern(method, params, meta=self._meta)

    async def ask(self, method: str, name: str, **more: Any) -> Any:
        """The answer to a method of tasks."""
        exchange = self.send(method, {"taskId": name, **more})
        await exchange.finished()
        return answer_of(exchange)

    async def state(self, name: str) -> Any:
        return (await self.ask(tasks.GET, name))["result"]

    async def becomes(self, name: str, status: str) -> Any:
        """The state, once the task has this status."""
        found: list[Any] = []

        async def reached() -> bool:
            found.append(await self.state(name))
            return bool(found[-1]["status"] == status)

        await until(reached, f"the task is {status}")
        return found[-1]


class Legacy(Modern):
    """A client of 2025-11-25 with a session."""

    era = "legacy"

    def __init__(self, endpoint: Endpoint, session: bytes = b"") -> None:
        super().__init__(endpoint)
        self.session = session
        if not session:
            hello = endpoint.legacy("initialize", HELLO)
            self.session = hello.sent_headers[b"mcp-session-id"]

    @override
    def send(self, method: str, params: Any) -> RecordingExchange:
        headers = [(b"mcp-session-id", self.session)]
        return self.endpoint.legacy(method, params, headers=headers)


async def task_in(exchange: RecordingExchange) -> str:
    """The name of the task that a call became."""
    await exchange.finished()
    result = answer_of(exchange)["result"]
    return str(result.get("task", result)["taskId"])


def events(exchange: RecordingExchange) -> list[Any]:
    """The messages on the stream of an exchange."""
    lines = exchange.answer.splitlines()
    return [json.loads(line[6:]) for line in lines if line.startswith(b"data: {")]
