"""The text of a tool of which its vector is made: its name and what it says of itself."""

from hashlib import blake2b
from typing import NamedTuple

from mcpgateway.common.routing.model import Tool
from mcpgateway.common.search.tool_words import DESCRIPTION, PARAMETERS, TITLE, definition_of

NAME = 200  # characters


class Text(NamedTuple):
    """`digest` is the same where the text is."""

    digest: bytes
    text: str


def text_of(tool: Tool) -> Text:
    """Depends on the tool alone. What it takes is told by names, which say most of it."""
    lines = [tool.name[:NAME]]
    definition = definition_of(tool)
    if definition is not None:
        lines += [
            text[:limit]
            for text, limit in ((definition.title, TITLE), (definition.description, DESCRIPTION))
            if isinstance(text, str)
        ]
        names = ", ".join(each[:NAME] for each in list(definition.parameters())[:PARAMETERS])
        lines.append(names[:DESCRIPTION])
    text = "\n".join(each for each in lines if each)
    return Text(blake2b(text.encode("utf-8", "replace"), digest_size=16).digest(), text)
