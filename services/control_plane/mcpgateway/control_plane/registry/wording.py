"""What a thing is said to be: the definition of one of our own, and what is put over an upstream's
words. Pure.

Definitions are JSON objects as text. An empty value (`""`, `{}`, `[]`) takes a member away.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UNSET

from mcpgateway.common.errors import InvalidCall
from mcpgateway.common.routing.overrides import effective
from mcpgateway.control_plane.registry.discovered.plan import MAX_DEFINITION
from mcpgateway.control_plane.registry.drafts import NamedDraft, WordedDraft
from mcpgateway.control_plane.registry.wrong import wrong


class _Annotations(msgspec.Struct):
    readOnlyHint: bool = False
    idempotentHint: bool = False


class _Annotated(msgspec.Struct):
    annotations: _Annotations | None = None


_EMPTY: tuple[object, ...] = ("", {}, [])


def read(definition: str) -> dict[str, Any]:
    """Empty when it is no object."""
    try:
        return msgspec.json.decode(definition, type=dict[str, Any])
    except msgspec.DecodeError:
        return {}


def shown(definition: str, overrides: str) -> dict[str, Any]:
    """The members that clients see."""
    try:
        return read(effective(definition, overrides))
    except msgspec.DecodeError:
        return read(overrides)


def defined(definition: str, draft: WordedDraft) -> str:
    """The definition of one of our own as it is then. Raises InvalidCall."""
    if draft.overrides is not UNSET and draft.overrides:
        problem = "are put over the words of a gateway's things: change the fields themselves"
        raise wrong("overrides", problem, "own")
    members = read(definition)
    for name, value in draft.members.items():
        if value in _EMPTY:
            members.pop(name, None)
        else:
            members[name] = value
    return _encoded(members)


def overridden(definition: str, overrides: str, draft: WordedDraft) -> str:
    """The overrides as they are then: what says the same as the upstream overrides nothing. Raises
    InvalidCall."""
    own = read(definition)
    over = read(overrides) if draft.overrides is UNSET else dict(draft.overrides)
    for name, value in draft.members.items():
        wanted = None if value in _EMPTY else value
        if wanted == own.get(name):
            over.pop(name, None)
        else:
            over[name] = wanted
    return _encoded(over) if over else "{}"


def titled(draft: NamedDraft, usual: str) -> Mapping[str, Any]:
    """The title that a display name is, unless it is the usual one or a title is said."""
    name = draft.display_name
    if name is UNSET or name == usual or "title" in draft.members:
        return {}
    return {"title": name}


def display_name(original: str) -> str:
    """`add_numbers` -> `Add Numbers`."""
    words = original.replace("_", " ").replace("-", " ").replace(".", " ").split()
    return " ".join(word[:1].upper() + word[1:] for word in words)


def repeatability(definition: str, overrides: str = "{}") -> dict[str, Any]:
    """What a tool's definition says of repeating it; ill-formed annotations say nothing."""
    try:
        text = effective(definition, overrides)
        said = msgspec.json.decode(text, type=_Annotated).annotations
    except msgspec.DecodeError:
        said = None
    said = said or _Annotations()
    return {"read_only": said.readOnlyHint, "idempotent": said.idempotentHint}


def _encoded(members: Mapping[str, Any]) -> str:
    text = msgspec.json.encode(members)
    if len(text) > MAX_DEFINITION:
        raise InvalidCall(
            f"all that is said of it has {len(text)} bytes, {MAX_DEFINITION} is the limit"
        )
    return text.decode()
