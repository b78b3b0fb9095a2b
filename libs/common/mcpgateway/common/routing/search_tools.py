"""The three tools that clients of a server in search mode are shown in place of its own: their
names, which no tool of such a server has there, and their definitions."""

from typing import Any

import msgspec

SEARCH, DESCRIBE, CALL = "search_tools", "describe_tool", "call_tool"
NAMES = frozenset((SEARCH, DESCRIBE, CALL))

FEWEST, USUAL, MOST = 1, 5, 20  # tools that a search answers
QUERY = 500  # characters

_READS = {"readOnlyHint": True, "openWorldHint": False}
_NAME = {"type": "string", "description": "Its name, as search_tools says it"}


def _object(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required}


_DEFINITIONS: tuple[dict[str, Any], ...] = (
    {
        "name": CALL,
        "description": "Call a tool that search_tools found.",
        "inputSchema": _object(["name"], name=_NAME, arguments={"type": "object"}),
    },
    {
        "name": DESCRIBE,
        "description": "The whole definition of a tool: what it does, the JSON Schema of its"
        " arguments. Needed only where what search_tools said does not suffice.",
        "inputSchema": _object(["name"], name=_NAME),
        "annotations": _READS,
    },
    {
        "name": SEARCH,
        "description": "Find tools by what they do. Most tools here are found only so. Answers the"
        " best first, each with its name, what it does and its arguments, to be called by"
        " call_tool.",
        "inputSchema": _object(
            ["query"],
            query={
                "type": "string",
                "minLength": 1,
                "maxLength": QUERY,
                "description": "What is to be done, in a few words",
            },
            limit={"type": "integer", "minimum": FEWEST, "maximum": MOST, "default": USUAL},
        ),
        "annotations": _READS,
    },
)


def _listed(definitions: tuple[dict[str, Any], ...]) -> bytes:
    return msgspec.json.encode(definitions)


LIST: bytes = _listed(_DEFINITIONS)
"""JSON array, in order of their names."""

TASK_LIST: bytes = _listed(
    tuple(
        {**each, "execution": {"taskSupport": "optional"}} if each["name"] == CALL else each
        for each in _DEFINITIONS
    )
)
"""The same for clients of 2025-11-25 where the gateway keeps tasks."""
