"""POST /admin/tools/import: many REST tools in one write, with a result for each."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mcpgateway.common.errors import FieldProblem, InvalidCall
from mcpgateway.control_plane.api.http.applied import Writes, Written
from mcpgateway.control_plane.api.http.exchange import actor_of, at, read_json
from mcpgateway.control_plane.api.http.operation import Operation
from mcpgateway.control_plane.api.nouns.tool_input import read_tool
from mcpgateway.control_plane.registry.ports import Change, Ports
from mcpgateway.control_plane.registry.transfer.apply import run
from mcpgateway.control_plane.registry.transfer.model import Item, Order, Outcome, Result

MAX_BODY = 64 * 1024 * 1024  # bytes
MAX_TOOLS = 20_000
_TOOLS = {"type": "array", "items": {"type": "object"}, "maxItems": MAX_TOOLS}
_ANSWER = {
    "type": "object",
    "properties": {
        "success": {"type": "boolean"},
        "created_count": {"type": "integer"},
        "failed_count": {"type": "integer"},
        "created": {"type": "array", "items": {"type": "object"}},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
}


class BulkTools:
    def __init__(self, writes: Writes) -> None:
        self._writes = writes

    def routes(self) -> Sequence[Route]:
        made = Operation(self.make, "Make many tools", {200: _ANSWER}, (409,))
        return (at("/admin/tools/import", POST=made),)

    async def make(self, request: Request) -> Response:
        """What is there already, or is not valid, is told and left out."""
        actor = actor_of(request)
        done: list[Outcome] = []
        wrong: list[tuple[int, str]] = []

        async def act(ports: Ports) -> Change:
            tools = _tools(await read_json(request, MAX_BODY))
            items = _items(tools, wrong)
            order = Order(items=items, conflicts="fail", best_effort=True)
            done.append(await run(ports, actor, order))
            return Change("", done[0].revision)

        async def show(change: Change) -> Written:
            return Written(answer(done[0].results, wrong), None, change.revision)

        return await self._writes.run(request, act, show)


def _tools(value: object) -> list[Any]:
    """Of a list, or of `{"tools": [...]}`. Raises InvalidCall."""
    found = value.get("tools") if isinstance(value, dict) else value
    if not isinstance(found, list) or not 0 < len(found) <= MAX_TOOLS:
        problem = f"must be a list of 1 to {MAX_TOOLS} tools"
        raise InvalidCall(f"tools {problem}", errors=[FieldProblem("tools", problem, "list")])
    return found


def _items(tools: Sequence[Any], wrong: list[tuple[int, str]]) -> list[Item]:
    """`wrong` gets what is not even a tool with a name of its own."""
    items: list[Item] = []
    seen: dict[str, int] = {}
    for index, each in enumerate(tools):
        body = each.get("tool", each) if isinstance(each, dict) else None
        name = body.get("name") if isinstance(body, dict) else None
        if not isinstance(body, dict) or not isinstance(name, str):
            wrong.append((index, "must be an object with a name"))
        elif name in seen:
            wrong.append((index, f"has the name of tools[{seen[name]}]"))
        else:
            seen[name] = index
            items.append(_item(index, name, each))
    return items


def _item(index: int, name: str, body: Mapping[str, Any]) -> Item:
    def parse(given: Mapping[str, Any], new: bool) -> Any:
        return read_tool(given, new=new)

    at = f"tools[{index}]"
    spot = partial("{}.{}".format, at)
    return Item(at=at, kind="Tool", name=name, key=name, body=body, parse=parse, spot=spot)


def answer(results: Sequence[Result], wrong: Sequence[tuple[int, str]]) -> dict[str, Any]:
    """ContextForge's shape, and ids."""
    created = [
        {"index": _index(each), "name": each.name, "id": each.id}
        for each in results
        if each.action == "create"
    ]
    errors: list[dict[str, Any]] = [
        {
            "index": _index(each),
            "name": each.name,
            "error": {"message": each.error, "code": each.code, "details": list(each.fields)},
        }
        for each in results
        if each.action == "failed"
    ]
    errors += [
        {"index": index, "name": "", "error": {"message": problem, "code": "invalid_call"}}
        for index, problem in wrong
    ]
    errors.sort(key=lambda each: each["index"])
    return {
        "success": not errors,
        "created_count": len(created),
        "failed_count": len(errors),
        "created": created,
        "errors": errors,
    }


def _index(result: Result) -> int:
    return int(result.at[len("tools[") : -1])
