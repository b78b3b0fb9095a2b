"""Runs a handler with a request that takes notes, to find out what it reads. Nothing is done: the
ports of such a handler end the run where it would begin to act (`Edge`)."""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import Headers, QueryParams
from starlette.requests import Request
from typing_extensions import override

from mcpgateway.common.errors import Bug, FieldProblem, GatewayError
from mcpgateway.control_plane.api.http.noted import Noted, Notes, Schema, either
from mcpgateway.control_plane.api.http.operation import Handler
from mcpgateway.control_plane.registry.model import Viewer

LONGEST = 5.0  # seconds of one run, which takes less than a millisecond
MAX_RUNS = 1000  # of one handler; a body of a hundred fields with five choices each takes 500
_ID = "0" * 32
_VIEWER = Viewer("nobody@example.com", admin=True)


class Reached(Exception):
    """The handler began to act, so it has read what it reads."""


class Edge:
    """Stands for any part of the outside; whatever is called of it ends the run."""

    def __getattr__(self, name: str) -> "Edge":
        return Edge()

    def __call__(self, *args: object, **named: object) -> Any:
        raise Reached


@dataclass(frozen=True, slots=True)
class Members:
    """What was asked for of an object, and which of it has to be there."""

    asked: dict[str, Schema] = field(default_factory=dict)
    required: dict[str, None] = field(default_factory=dict)
    within: dict[str, "Members"] = field(default_factory=dict)  # of objects, and of items of lists

    def schema(self) -> Schema:
        """null says nothing, so that it is good for all that may be left out."""
        members = {name: self._member(name) for name in self.asked}
        return {
            "type": "object",
            "properties": {
                name: schema if name in self.required else _or_null(schema)
                for name, schema in members.items()
            },
            **({"required": list(self.required)} if self.required else {}),
        }

    def _member(self, name: str) -> Schema:
        known, within = self.asked[name], self.within.get(name)
        if within is None or not within.asked:
            return known
        return _refined(known, within.schema())


@dataclass(slots=True)
class Asked:
    """All that a handler reads of a request. `body` None: no body."""

    path: dict[str, Schema]
    query: dict[str, Schema]
    needed: frozenset[str]  # of the query
    headers: set[str]
    body: Members | None


def ask(handler: Handler, method: str, names: Sequence[str], *, longest: float = LONGEST) -> Asked:
    """`names` are those of the path's parameters. A body is explored: each word that a field takes
    may make the handler read others. Runs an event loop of its own, so call it in a thread of its
    own. Raises Bug when the handler acts past its ports."""
    with asyncio.Runner() as runner:
        first = Run(method, names, {})
        problems = first.of(handler, runner, longest)
        needed = frozenset(each.field for each in problems if each.rule == "query")
        body = _explored(handler, method, names, runner) if first.read else None
    return Asked(first.path.asked, first.query.asked, needed, first.headers.asked, body)


def _explored(
    handler: Handler, method: str, names: Sequence[str], runner: asyncio.Runner
) -> Members:
    found = Members()
    bodies: list[dict[str, Any]] = [{}]
    for body in bodies:
        run = Run(method, names, body)
        problems = run.of(handler, runner)
        bodies += gather(found, run.body, body, problems)
        if len(bodies) > MAX_RUNS:
            raise Bug(f"{handler} reads too much to be described")
    return found


class Run:
    """One request with this body, and what was asked of it."""

    def __init__(self, method: str, names: Sequence[str], body: Mapping[str, Any]) -> None:
        self.path, self.query = Noted(dict.fromkeys(names, _ID)), _Query()
        self.headers, self.body = _Heads(), _noted(body)
        self.read = False
        self._scope = {
            "type": "http",
            "method": method,
            "path": "/",
            "path_params": self.path,
            "query_string": b"",
            "headers": [],
            "viewer": _VIEWER,
            "noted": self.body,
        }

    def of(
        self, handler: Handler, runner: asyncio.Runner, longest: float = LONGEST
    ) -> Sequence[FieldProblem]:
        """What it found wrong."""
        run = self

        class Asking(Request):
            @property
            @override
            def query_params(self) -> QueryParams:
                return run.query

            @property
            @override
            def headers(self) -> Headers:
                return run.headers

            @override
            async def stream(self) -> AsyncGenerator[bytes, None]:
                run.read = True
                yield b"{}"

        try:
            runner.run(_finish(handler(Asking(self._scope)), longest))
        except Reached:
            return ()
        except Bug:
            raise
        except GatewayError as error:
            return error.errors
        return ()


async def _finish(work: Awaitable[object], longest: float) -> None:
    """What takes long has got past the ports."""
    try:
        async with asyncio.timeout(longest):
            await work
    except TimeoutError:
        problem = f"{work} waits for something outside of its ports, and can not be described"
        raise Bug(problem) from None


class _Query(QueryParams, Notes):
    """A query string without parameters. One that is asked for in no other way is text."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = {}

    @override
    def get(self, key: Any, default: Any = None) -> Any:
        self.asked.setdefault(key, {"type": "string"})
        return default


class _Heads(Headers):
    def __init__(self) -> None:
        super().__init__()
        self.asked: set[str] = set()

    @override
    def get(self, key: str, default: Any = None) -> Any:
        self.asked.add(key.lower())
        return default


def _noted(value: Any) -> Any:
    if isinstance(value, dict):
        return Noted({name: _noted(member) for name, member in value.items()})
    return [_noted(item) for item in value] if isinstance(value, list) else value


def gather(
    known: Members, noted: Noted, body: dict[str, Any], problems: Sequence[FieldProblem]
) -> Iterator[dict[str, Any]]:
    """Adds to what is known what this run noted, and answers which bodies may tell more."""
    if not known.asked:
        missing = {problem.field for problem in problems if problem.rule == "missing"}
        known.required.update(dict.fromkeys(name for name in noted.asked if name in missing))
    for name, schema in noted.asked.items():
        if name not in known.asked:
            yield from ({**body, name: value} for value in _telling(schema))
        known.asked[name] = either(known.asked.get(name, {}), schema)
    for name, value in noted.items():
        is_list = isinstance(value, list) and bool(value)
        inner, given = (value[0], body[name][0]) if is_list else (value, body[name])
        if isinstance(inner, Noted):
            members = known.within.setdefault(name, Members())
            for more in gather(members, inner, given, _within(name, problems)):
                yield {**body, name: [more] if is_list else more}


def _within(name: str, problems: Sequence[FieldProblem]) -> Sequence[FieldProblem]:
    """Those of the members of this one, or of its first item."""
    found = [re.match(rf"{re.escape(name)}(?:\[0\])?\.(.+)", each.field) for each in problems]
    return [
        each._replace(field=match.group(1))
        for each, match in zip(problems, found, strict=True)
        if match
    ]


def _telling(schema: Schema) -> Iterator[Any]:
    """What to say there in order to see what else is asked for then."""
    for choice in schema.get("anyOf", [schema]):
        kind = choice.get("type")
        if kind == "boolean":
            yield True
        elif kind == "object":
            yield {}
        elif kind == "array" and _holds_objects(choice.get("items", {})):
            yield [{}]
        else:
            yield from (word for word in choice.get("enum", ()) if word and isinstance(word, str))


def _holds_objects(items: Schema) -> bool:
    return any(choice.get("type") == "object" for choice in items.get("anyOf", [items]))


def _refined(known: Schema, within: Schema) -> Schema:
    """With the members of the object, or of the objects in the list, that it speaks of."""
    if "anyOf" in known:
        return {**known, "anyOf": [_refined(choice, within) for choice in known["anyOf"]]}
    if known.get("type") == "object":
        return known | within
    if known.get("type") == "array" and _holds_objects(known.get("items", {})):
        return known | {"items": _refined(known["items"], within)}
    return known


def _or_null(schema: Schema) -> Schema:
    if not schema:
        return schema
    enum = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    if "anyOf" in schema:
        return either(schema, {"type": "null"})
    return schema | enum | ({"type": [schema["type"], "null"]} if "type" in schema else {})
