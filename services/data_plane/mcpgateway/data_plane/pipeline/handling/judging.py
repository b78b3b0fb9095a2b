"""What a tool's record says is to be done with its calls, worked out once per record."""

import json
import logging
from typing import Any

import msgspec

from mcpgateway.common import strict_json
from mcpgateway.common.routing.model import Tool
from mcpgateway.common.runtime.bounded import Bounded
from mcpgateway.common.runtime.bounded_work import Work
from mcpgateway.common.schema_check import Check
from mcpgateway.common.strict_json import Located
from mcpgateway.data_plane.upstreams.per_tool import PerTool

log = logging.getLogger(__name__)

KEPT = 2_000  # tools
MAX_CHECKED = 1024 * 1024  # bytes of arguments or of a result
AT_ONCE = 64 * 1024  # bytes that are checked here; more is the work of another process


def is_handled(tool: Tool) -> bool:
    """Whether more is done with its calls than to pass them on."""
    return bool(
        tool.request
        or tool.recipe
        or tool.validation
        or tool.result_filter
        or tool.timeout_ms
        or tool.max_concurrency
    )


_NOTHING = msgspec.Raw(b"")  # msgspec makes no Raw of a union


class _Schemas(msgspec.Struct):
    input: msgspec.Raw = msgspec.field(name="inputSchema", default=_NOTHING)
    output: msgspec.Raw = msgspec.field(name="outputSchema", default=_NOTHING)


_schemas = msgspec.json.Decoder(_Schemas)


class TooLarge(Exception):
    """More than is checked."""


class CheckFailed(Exception):
    """Nobody can say whether it is right; the message says why."""


class SchemaCheck:
    """One schema of a tool."""

    def __init__(self, schema: bytes, bounded: Bounded) -> None:
        """Raises ValueError for one that can not be used."""
        self._check = Check(json.loads(schema))
        self._schema = schema
        self._bounded = bounded

    @property
    def bounded(self) -> bool:
        return self._check.bounded

    def at_once(self, value: Any) -> list[Located]:
        """Of what `strict_json` read of `AT_ONCE` bytes, where `bounded`."""
        return self._check.problems(value)

    async def problems(self, document: bytes) -> list[Located]:
        """Raises TooLarge, CheckFailed, strict_json.Unreadable, and Unavailable."""
        if len(document) > MAX_CHECKED:
            raise TooLarge(f"has {len(document)} bytes, at most {MAX_CHECKED} are checked")
        value = strict_json.read(document)
        if self._check.bounded and len(document) <= AT_ONCE:
            return self._check.problems(value)
        done = await self._bounded.do(Work("schema", self._schema, document))
        if done.failed:
            raise CheckFailed(done.failed)
        return list(done.problems)


class Judging(msgspec.Struct, frozen=True):
    """Of one record of a tool. None: nothing is checked there. `promises`: an output schema.
    `quick`: a call of it may begin and end in the turns of the loop in which it is asked and
    answered, as far as the tool goes."""

    tool: Tool
    input: SchemaCheck | None = None
    output: SchemaCheck | None = None
    promises: bool = False
    quick: bool = False


class Judgings:
    """Those in use. A schema that can not be used is logged once for each record, and its side is
    not checked: other tools, and the rest of this one, go on."""

    def __init__(self, bounded: Bounded) -> None:
        self._bounded = bounded
        self._known = PerTool(self._made, KEPT)

    def of(self, tool: Tool) -> Judging:
        return self._known.of(tool)

    def _made(self, tool: Tool) -> Judging:
        try:
            schemas = _schemas.decode(tool.definition)
        except (msgspec.DecodeError, RecursionError):
            schemas = _Schemas()
        wanted = tool.validation
        checks = (
            self._check(tool, "input", schemas.input) if wanted in ("input", "both") else None,
            self._check(tool, "output", schemas.output) if wanted in ("output", "both") else None,
        )
        waits = tool.result_filter or tool.max_concurrency
        bounded = all(check is None or check.bounded for check in checks)
        promises = bool(bytes(schemas.output))
        return Judging(tool, *checks, promises=promises, quick=bounded and not waits)

    def _check(self, tool: Tool, side: str, schema: msgspec.Raw) -> SchemaCheck | None:
        if not bytes(schema):
            return None
        try:
            return SchemaCheck(bytes(schema), self._bounded)
        except (ValueError, RecursionError) as error:
            log.warning("tool %r: its %s is not checked, the schema %s", tool.name, side, error)
            return None
