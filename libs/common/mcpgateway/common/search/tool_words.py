"""What of a tool is searched: its words, each with how much it says.

That depends on the tool alone, never on others, so that an index that changes tool by tool is the
same as one that is built anew. What a tool may cost is bounded: texts are cut.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from mcpgateway.common.routing.model import Tool
from mcpgateway.common.search.words import words

DESCRIPTION = 1_000  # characters of it that are searched
PARAMETERS = 64  # of a tool
PARAMETER = 200  # characters of a parameter's description
TITLE = 200

_LEAD = 160  # characters of a description that say most of it
_NAME, _TITLE, _FIRST, _REST, _TAG = 3.0, 2.0, 1.5, 0.7, 1.0
_PARAMETER, _PARAMETER_TEXT = 0.6, 0.25


class Definition(msgspec.Struct):
    """What is read of a tool's."""

    title: Any = ""
    description: Any = ""
    inputSchema: Any = None

    def parameters(self) -> Mapping[str, Any]:
        """Their schemas by name."""
        schema = self.inputSchema
        properties = schema.get("properties") if isinstance(schema, dict) else None
        return properties if isinstance(properties, dict) else {}


_decoder = msgspec.json.Decoder(Definition)


def definition_of(tool: Tool) -> Definition | None:
    """None where it can not be read."""
    try:
        return _decoder.decode(tool.definition)
    except (msgspec.DecodeError, RecursionError):
        return None


def weights(tool: Tool) -> Mapping[str, float]:
    """By stem. A word that comes often says more, in every place by another measure."""
    found: dict[str, float] = {}
    for text, weight in _texts(tool):
        for word in words(text):
            found[word] = found.get(word, 0.0) + weight
    return found


def _texts(tool: Tool) -> Iterator[tuple[str, float]]:
    yield tool.name, _NAME
    if not tool.name.endswith(tool.original_name):
        yield tool.original_name, _NAME / 2
    for tag in tool.tags:
        yield tag, _TAG
    definition = definition_of(tool)
    if definition is None:
        return
    if isinstance(definition.title, str):
        yield definition.title[:TITLE], _TITLE
    if isinstance(definition.description, str):
        text = definition.description[:DESCRIPTION]
        yield text[:_LEAD], _FIRST
        yield text[_LEAD:], _REST
    yield from _of_parameters(definition.parameters())


def _of_parameters(schemas: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for name in list(schemas)[:PARAMETERS]:
        yield name, _PARAMETER
        member = schemas[name]
        described = member.get("description") if isinstance(member, dict) else None
        if isinstance(described, str):
            yield described[:PARAMETER], _PARAMETER_TEXT
