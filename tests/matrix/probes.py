"""What is tried in each cell of the matrix. A probe gives its verdict in a few words; `WORKS` is
the best, and says that the client got all that its revision promises.
"""

import asyncio
import warnings
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import mcp_types as types
from mcp.shared.exceptions import MCPDeprecationWarning, MCPError
from pydantic import ValidationError

from matrix.clients import SOCKET, SSE, Party
from matrix.pinned import BREAK_OFF
from matrix.upstream import STEPS
from matrix.upstreams import STREAMABLE, TASKS, MatrixUpstream
from support.mcp_servers import MODERN
from support.wait import until

WORKS = "works"
AGAIN = 1.5  # seconds after which a change is made once more: listening may not have begun
TRIES = 12
_LIST_CHANGED = "notifications/tools/list_changed"
DEADLINE = 45.0
Probe = Callable[[Party, MatrixUpstream, str], Awaitable[str]]


async def verdict(probe: Probe, party: Party, upstream: MatrixUpstream, mark: str) -> str:
    """What a probe finds; an error or silence is a finding, too."""
    try:
        async with asyncio.timeout(DEADLINE):
            return await probe(party, upstream, mark)
    except MCPError as error:
        return f"refused: {error.error.code}"
    except TimeoutError:
        return "silence"
    except (AssertionError, ValidationError) as problem:
        return f"broken: {problem}"[:200]


def _text(result: types.CallToolResult) -> str:
    (content,) = result.content
    assert isinstance(content, types.TextContent)
    return content.text


async def _use(party: Party, upstream: MatrixUpstream, tool: str, mark: str, **more: Any) -> str:
    name = f"{upstream.name}-{tool.replace('_', '-')}"
    return _text(await party.client.call_tool(name, {"mark": mark}, **more))


def _found(got: str, wanted: str) -> str:
    return WORKS if got == wanted else f"got {got}"


async def call(party: Party, upstream: MatrixUpstream, mark: str) -> str:
    if party.client.protocol_version != party.revision:
        return f"client speaks {party.client.protocol_version}"
    """The gateway asks a legacy upstream for the client's own revision."""
    one_era = MODERN not in (party.revision, upstream.revision)
    spoken = min(party.revision, upstream.revision) if one_era else upstream.revision
    return _found(await _use(party, upstream, "echo", mark), f"{mark} {spoken}")


async def progress(party: Party, upstream: MatrixUpstream, mark: str) -> str:
    seen: list[float] = []

    async def heard(done: float, total: float | None, message: str | None) -> None:
        if (total, message) == (STEPS, mark):
            seen.append(done)

    text = await _use(party, upstream, "progress", mark, progress_callback=heard)
    steps = seen == [float(step) for step in range(1, STEPS + 1)]
    return WORKS if steps and text == mark else f"steps {seen}"


async def cancel(party: Party, upstream: MatrixUpstream, mark: str) -> str:
    calling = asyncio.create_task(_use(party, upstream, "wait", mark))
    await until(lambda: upstream.journal.holds("begun", mark), f"{mark} has begun")
    calling.cancel()
    await asyncio.wait([calling])
    await until(lambda: upstream.journal.holds("cancelled", mark), f"{mark} is cancelled", 10)
    return WORKS


async def elicit(party: Party, upstream: MatrixUpstream, mark: str) -> str:
    return _asked(await _use(party, upstream, "elicit", mark), f"accept {mark}")


async def sample(party: Party, upstream: MatrixUpstream, mark: str) -> str:
    return _asked(await _use(party, upstream, "sample", mark), f"re {mark}")


async def roots(party: Party, upstream: MatrixUpstream, mark: str) -> str:
    return _asked(await _use(party, upstream, "roots", mark), f"file:///{party.kind}")


def _asked(told: str, wanted: str) -> str:
    """The tool answers with what it was told; a refusal is told as such."""
    return WORKS if told == wanted else f"upstream told {told.removeprefix('refused: ')}"


async def log(party: Party, upstream: MatrixUpstream, mark: str) -> str:
    meta: Any = None
    if party.modern:
        meta = {"io.modelcontextprotocol/logLevel": "info"}
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MCPDeprecationWarning)
            await party.client.set_logging_level("info")
    await _use(party, upstream, "log", mark, meta=meta)

    def levels() -> list[str]:
        logged = (params for method, params in party.notifications if method.endswith("/message"))
        return [each["level"] for each in logged if each["data"] == mark]

    await party.heard(lambda: len(levels()) >= 2, 5)
    return WORKS if levels() == ["info", "error"] else f"levels {levels()}"


async def list_changed(party: Party, upstream: MatrixUpstream, mark: str) -> str:
    """A tool more: the client is told, and finds it listed."""
    if party.modern:
        async with party.client.listen(tools_list_changed=True) as told:
            if not told.honored.tools_list_changed:
                return "not acknowledged"
            return await _grown(party, upstream, mark)
    return await _grown(party, upstream, mark)


async def _grown(party: Party, upstream: MatrixUpstream, mark: str) -> str:
    wanted = f"{upstream.name}-{mark}"
    read = len(party.notifications)

    def told() -> bool:
        return _LIST_CHANGED in {method for method, _ in party.notifications[read:]}

    for _ in range(TRIES):
        upstream.journal.write("grown", mark)
        while await party.heard(told, AGAIN):
            read = len(party.notifications)
            listed = (await party.client.list_tools()).tools
            if wanted in {tool.name for tool in listed}:
                return WORKS
    return "silence"


async def subscribe(party: Party, upstream: MatrixUpstream, mark: str) -> str:
    """One resource is followed, another is not; both change."""
    uri, other = (f"memo://{upstream.name}/{each}{mark}" for each in ("a", "b"))
    if party.modern:
        async with party.client.listen(resource_subscriptions=[uri]) as told:
            if not told.honored.resource_subscriptions:
                return "not acknowledged"
            return await _touched(party, upstream, uri, other)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MCPDeprecationWarning)
        await party.client.subscribe_resource(uri)
        found = await _touched(party, upstream, uri, other)
        await party.client.unsubscribe_resource(uri)
    return found


async def _touched(party: Party, upstream: MatrixUpstream, uri: str, other: str) -> str:
    def updated() -> set[str]:
        return {
            str(params["uri"])
            for method, params in party.notifications
            if method == "notifications/resources/updated"
        }

    for _ in range(TRIES):
        upstream.journal.write("touched", other)
        upstream.journal.write("touched", uri)
        if await party.heard(lambda: uri in updated(), AGAIN):
            return "told of another resource" if other in updated() else WORKS
    return "silence"


async def resume(party: Party, upstream: MatrixUpstream, mark: str) -> str:
    """The client's connection is cut in the midst of a call."""
    begun = asyncio.Event()

    async def heard(_: float, __: float | None, message: str | None) -> None:
        if message == mark:
            begun.set()

    using = _use(party, upstream, "pause", mark, progress_callback=heard)
    calling = asyncio.create_task(using)
    await asyncio.wait_for(begun.wait(), 20)
    party.line.cut()
    if not _may_resume(party):
        return await _lost(calling, upstream, mark)
    upstream.journal.write("released", mark)
    found = _found(await calling, mark)
    return found if party.line.resumed else f"{found} without asking for it"


def _may_resume(party: Party) -> bool:
    return not party.modern and party.kind not in (SSE, SOCKET)


async def _lost(calling: "asyncio.Task[str]", upstream: MatrixUpstream, mark: str) -> str:
    await until(lambda: upstream.journal.holds("cancelled", mark), f"{mark} is cancelled", 20)
    calling.cancel()
    await asyncio.wait([calling])
    return "cancelled"


async def break_off(party: Party, upstream: MatrixUpstream, mark: str) -> str:
    """The upstream's stream ends in the midst of a call, where each call has one of its own."""
    if upstream.kind not in STREAMABLE:
        return "no such stream"

    async def heard(_: float, __: float | None, ___: str | None) -> None:
        pass

    return _found(await _use(party, upstream, BREAK_OFF, mark, progress_callback=heard), mark)


async def task(party: Party, upstream: MatrixUpstream, mark: str) -> str:
    """A call that is answered with a task, whose result is fetched."""
    params: dict[str, Any] = {"name": f"{upstream.name}-job", "arguments": {"mark": mark}}
    if party.revision == TASKS:
        params["task"] = {"ttl": 60_000}
    result = _result(await party.request("tools/call", **params))
    begun = result if party.modern else result.get("task", {})
    if "taskId" not in begun:
        return "answered at once" if _said(result) == mark else f"got {result}"
    upstream.journal.write("released", mark)  # not before the client has its task
    shown: dict[str, Any] = {}
    while shown.get("status", "working") == "working":
        shown = _result(await party.request("tasks/get", taskId=begun["taskId"]))
    if party.modern:
        return _found(_said(shown["result"]), mark)
    fetched = await party.request("tasks/result", taskId=begun["taskId"])
    return _found(_said(_result(fetched)), mark)


def _result(response: Mapping[str, Any]) -> dict[str, Any]:
    if "error" in response:
        error = types.ErrorData.model_validate(response["error"])
        raise MCPError(error.code, error.message, error.data)
    return dict(response["result"])


def _said(result: Mapping[str, Any]) -> str:
    return str(result["content"][0]["text"])


PROBES: Mapping[str, Probe] = {
    "call": call,
    "progress": progress,
    "cancel": cancel,
    "elicit": elicit,
    "sample": sample,
    "roots": roots,
    "log": log,
    "list_changed": list_changed,
    "subscribe": subscribe,
    "resume": resume,
    "break": break_off,
    "task": task,
}
