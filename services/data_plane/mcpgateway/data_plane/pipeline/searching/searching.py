"""`search_tools` and `describe_tool`, answered here; what is wrong with a `call_tool` is, too.

What they find is what the caller's view offers, as a list would. Answers are texts of JSON, since
models read them; what a model may do better is a result with `isError`.
"""

from collections.abc import Callable, Generator, Iterator
from functools import partial
from typing import Any

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import Unavailable
from mcpgateway.common.ids import numbered
from mcpgateway.common.mcp import tool_result
from mcpgateway.common.mcp.envelope import read_string
from mcpgateway.common.mcp.revisions import Era
from mcpgateway.common.routing.model import Tool
from mcpgateway.common.routing.search_tools import (
    DESCRIBE,
    FEWEST,
    MOST,
    NAMES,
    QUERY,
    SEARCH,
    USUAL,
)
from mcpgateway.common.routing.view import View
from mcpgateway.common.routing.view_lists import definition_of
from mcpgateway.common.runtime.slices import Unfinished, begun, in_slices
from mcpgateway.common.search import by_meaning
from mcpgateway.common.search.said import summary
from mcpgateway.common.search.vectors import Vector
from mcpgateway.data_plane.pipeline.call import Call
from mcpgateway.data_plane.pipeline.own.later import Later
from mcpgateway.data_plane.pipeline.remote import Remote
from mcpgateway.data_plane.pipeline.searching.catalogues import AT_ONCE, Catalogue, Catalogues
from mcpgateway.data_plane.pipeline.searching.meanings import Meanings
from mcpgateway.data_plane.pipeline.shares import Shares

UNDER_WAY = 256  # searches that take longer than a turn; what is over it is refused
_NUMBERS = 9  # a name that is taken is numbered; so far is looked
_members = msgspec.json.Decoder(dict[str, Any])
_UNKNOWN = "search_tools finds the tools that there are"


class Wrong(Exception):
    """What a model asked for can not be done; the message tells it what to change."""


class Searching:
    """Answers the calls of tools that are ours at servers in search mode."""

    def __init__(self, catalogues: Catalogues, remote: Remote) -> None:
        self._catalogues = catalogues
        self._remote = remote
        self._later = Later(remote)
        self._shares = Shares[object](UNDER_WAY)

    def takes(self, call: Call) -> bool:
        """Whether it is of a tool of ours."""
        return (
            call.view.searched
            and not call.indirect
            and read_string(call.params.get("name")) in NAMES
        )

    def call(self, call: Call) -> str | None:
        """`tools/call` of what it takes. Returns how it ended, None when that is counted then."""
        try:
            given = _arguments(call)
            match read_string(call.params.get("name")):
                case "search_tools":
                    return self._search(call, given)
                case "describe_tool":
                    return self._answer(call, _described(call, given))
                case _:
                    return self._refuse(call, _wrong_with(call, given))
        except Wrong as wrong:
            return self._refuse(call, str(wrong))

    def _search(self, call: Call, given: dict[str, Any]) -> str | None:
        query, limit = _query(given), _limit(given)
        view, found = call.view, self._catalogue(call)
        steps = _steps(found, query, limit, view)
        meanings = self._asked(found)
        if found.ready and meanings is None:
            try:
                return self._answer(call, told(view, begun(steps, AT_ONCE)))
            except Unfinished:
                pass

        caller, mark = call.caller.key, object()
        if self._shares.refuses(caller):
            busy = Unavailable("too many searches are under way at this replica")
            call.form.failed(call, busy)
            return busy.code

        async def later() -> list[Tool]:
            await found.wait()
            meaning = None if meanings is None else await meanings.of(query)
            return await in_slices(
                steps if meaning is None else _by_meaning(found, query, meaning, limit, view)
            )

        self._shares.take(caller, mark)
        task = self._later.answer(call, SEARCH, later(), partial(_result_of, call.era, view))
        task.add_done_callback(lambda _: self._shares.give_back(caller, mark))
        return None

    def _asked(self, catalogue: Catalogue) -> Meanings | None:
        """Who is asked what the query means; None: words will do."""
        meanings, space = self._catalogues.meanings, catalogue.space
        return meanings if meanings and space and meanings.asks(space) else None

    def _catalogue(self, call: Call) -> Catalogue:
        return self._catalogues.of(call.view.server_id, call.table)

    def _answer(self, call: Call, said: str) -> str:
        self._sink(call, _result(call.era, said))
        return "ok"

    def _refuse(self, call: Call, said: str) -> str:
        self._sink(call, tool_result.failed(call.era, said))
        return "refused"

    def _sink(self, call: Call, result: bytes) -> None:
        self._remote.sink(call, None).answer(jsonrpc.response(call.id, result))


def _steps(
    catalogue: Catalogue, query: str, limit: int, view: View
) -> Generator[None, None, list[Tool]]:
    # Looks at the index when it is first stepped: it may be another when it is ready.
    return (yield from catalogue.index.search(query, limit, _shown(view)))


def _by_meaning(
    catalogue: Catalogue, query: str, meaning: Vector, limit: int, view: View
) -> Generator[None, None, list[Tool]]:
    index, space = catalogue.index, catalogue.space
    if space is None:  # given up meanwhile
        return (yield from index.search(query, limit, _shown(view)))
    return (yield from by_meaning.search((index, space), query, meaning, limit, _shown(view)))


def _shown(view: View) -> Callable[[Tool], bool]:
    return lambda tool: offered_as(view, tool) is not None


def offered_as(view: View, tool: Tool) -> str | None:
    """The name under which a view offers a tool; None: it does not."""
    for name in _names(view, tool):
        found = view.tools.get(name)
        if found is not None and found.id == tool.id:
            return name
    return None


def _names(view: View, tool: Tool) -> Iterator[str]:
    """That it may have there, the likeliest first."""
    if view.server is not None and view.server.naming == "original":
        yield tool.original_name
    yield tool.name
    for n in range(2, _NUMBERS):
        yield numbered(tool.name, n)


def told(view: View, tools: list[Tool]) -> str:
    """What a search answers: JSON."""
    named = [(offered_as(view, each), each) for each in tools]
    found = [summary(name, each) for name, each in named if name is not None]
    if found:
        return _text({"tools": found})
    return _text({"tools": [], "note": "nothing is found by these words: try others"})


def _result_of(era: Era, view: View, tools: list[Tool]) -> bytes:
    return _result(era, told(view, tools))


def _result(era: Era, said: str) -> bytes:
    return tool_result.result(era, [tool_result.text(said)])


def _text(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _arguments(call: Call) -> dict[str, Any]:
    try:
        return _members.decode(call.params.get("arguments", b"{}"))
    except (msgspec.DecodeError, RecursionError) as error:
        raise Wrong(f"arguments must be a JSON object: {error}") from error


def _query(given: dict[str, Any]) -> str:
    query = given.get("query")
    if not isinstance(query, str) or not query.strip():
        raise Wrong("query must be a text: what is to be done, in a few words")
    if len(query) > QUERY:
        raise Wrong(f"query has {len(query)} characters, at most {QUERY} are taken")
    return query


def _limit(given: dict[str, Any]) -> int:
    limit = given.get("limit", USUAL)
    if not isinstance(limit, int) or isinstance(limit, bool) or not FEWEST <= limit <= MOST:
        raise Wrong(f"limit must be a whole number from {FEWEST} to {MOST}")
    return limit


def _tool_named(call: Call, given: dict[str, Any]) -> tuple[str, Tool]:
    """By the name that the arguments say."""
    name = given.get("name")
    if not isinstance(name, str):
        raise Wrong("name must be a text: a tool's name, as search_tools says it")
    tool: Tool | None = call.view.tools.get(name)
    if tool is None:
        raise Wrong(f"unknown tool {name!r}: {_UNKNOWN}")
    return name, tool


def _described(call: Call, given: dict[str, Any]) -> str:
    name, tool = _tool_named(call, given)
    return definition_of(name, tool, call.era).decode()


def _wrong_with(call: Call, given: dict[str, Any]) -> str:
    """Why nothing could be meant by a call of `call_tool`."""
    name, _ = _tool_named(call, given)
    return f"arguments must be an object: those of {name}, as {DESCRIBE} tells them"
