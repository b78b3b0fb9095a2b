"""The arguments of a call of a derived tool as its base gets them. Pure."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.recipes.deriving import sent_anyway, withheld
from mcpgateway.common.routing import recipe as recipes
from mcpgateway.common.routing.model import Tool
from mcpgateway.common.routing.recipe import MAX_DEPTH, Derived

_arguments = msgspec.json.Decoder(jsonrpc.Params)


class _Schema(msgspec.Struct):
    properties: dict[str, msgspec.Raw] = {}
    more: msgspec.Raw = msgspec.field(name="additionalProperties", default=msgspec.Raw(b"true"))


class _Definition(msgspec.Struct):
    input: _Schema = msgspec.field(name="inputSchema", default_factory=_Schema)


_definition = msgspec.json.Decoder(_Definition)


class NotTaken(ValueError):
    """The arguments can not be given to the base; the message says which, and what is taken."""


class Broken(ValueError):
    """The tool can not be called, whatever the arguments are; the message says why."""


class Aim(NamedTuple):
    """A tool that is called, and its arguments (a JSON object)."""

    tool: Tool
    arguments: bytes


def followed(tools: Mapping[str, Tool], tool: Tool, arguments: bytes) -> list[Aim]:
    """What a call of a derived tool comes to, one after another; the last is what is called, which
    is not derived. `tools` by id. Raises NotTaken, Broken."""
    found: list[Aim] = []
    while tool.recipe:
        made = read(tool)
        if not isinstance(made, Derived):
            break
        if len(found) >= MAX_DEPTH:
            raise Broken(f"tool {tool.name!r} is made of tools that are made of tools, too deeply")
        base = tools.get(made.tool)
        if base is None:
            raise Broken(f"tool {tool.name!r} is made of a tool that is not there")
        arguments = taken(made, tool, arguments)
        found.append(Aim(base, arguments))
        tool = base
    return found


def read(tool: Tool) -> recipes.Recipe:
    """Raises Broken."""
    try:
        return recipes.decode(tool.recipe)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Broken(f"the recipe of tool {tool.name!r} can not be read: {error}") from error


def taken(recipe: Derived, tool: Tool, arguments: bytes) -> bytes:
    """A JSON object. `tool` is the derived one. Raises NotTaken."""
    try:
        given = _arguments.decode(arguments)
    except (msgspec.DecodeError, RecursionError):
        raise NotTaken("arguments must be an object") from None
    _check_names(given, recipe, tool)
    made: dict[str, Any] = {recipe.renamed.get(name, name): each for name, each in given.items()}
    for name, value in recipe.defaults.items():
        made.setdefault(name, value)
    return msgspec.json.encode(made | sent_anyway(recipe))


def _check_names(given: jsonrpc.Params, recipe: Derived, tool: Tool) -> None:
    """Raises NotTaken."""
    gone = withheld(recipe)
    if not gone:
        return  # the base says which it takes
    try:
        shown = _definition.decode(tool.definition).input
    except (msgspec.DecodeError, RecursionError):
        shown = _Schema()
    closed = bytes(shown.more) == b"false"
    unknown = [name for name in given if name in gone or (closed and name not in shown.properties)]
    if unknown:
        told = ", ".join(repr(name[:100]) for name in unknown[:10])
        takes = ", ".join(map(repr, shown.properties)) or "none"
        raise NotTaken(f"tool {tool.name!r} takes no argument {told}; its arguments are: {takes}")
