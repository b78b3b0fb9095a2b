"""How tools and their arguments are called. Pure.

Names are made of letters, digits and `_`, as every model's API takes them, and stay as they are
when a document gets more operations.
"""

import re
from collections.abc import Sequence
from hashlib import sha256

from mcpgateway.common import ids
from mcpgateway.control_plane.registry.openapi.parts import Operation

MAX_TOOL = 64  # characters
MAX_ARGUMENT = 64

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORDS = re.compile(r"[A-Za-z0-9]+")
_NOT_ARGUMENT = re.compile(r"[^A-Za-z0-9_.-]+")
_HOLE = re.compile(r"\{[+]?([^{}]*)\}")
_RESERVED = frozenset(("__proto__", "constructor", "prototype"))  # of JavaScript's objects


def tool_names(operations: Sequence[Operation]) -> list[str]:
    """The first of a name has it; each other one says by six digits which operation it is."""
    taken: set[str] = set()
    names: list[str] = []
    for each in operations:
        name = _of(each)
        if name in taken:
            place = sha256(f"{each.method} {each.path}".encode()).hexdigest()[:6]
            name = f"{name[: MAX_TOOL - 7]}_{place}"
        taken.add(name)
        names.append(name)
    return names


def _of(operation: Operation) -> str:
    return _words(operation.id) or _words(f"{operation.method} {_spoken(operation.path)}")


def _spoken(path: str) -> str:
    """`/pets/{id}/toys` -> `pets by id toys`."""
    return _HOLE.sub(r"by \1", path)


def _words(text: str) -> str:
    """`listPetsByOwner` -> `list_pets_by_owner`, at most 64 characters."""
    found = _WORDS.findall(_CAMEL.sub(" ", text[:1000]))
    return ids.shorten("_".join(found).lower(), MAX_TOOL)


def argument_name(name: str, place: str, taken: set[str]) -> str:
    """And takes it. A second one of the name says where it goes (`id_query`)."""
    plain = _NOT_ARGUMENT.sub("_", name).strip(".-")[:MAX_ARGUMENT] or place
    if plain in _RESERVED:
        plain += "_"
    tries = [plain, f"{plain[: MAX_ARGUMENT - 7]}_{place}"]
    chosen = next((each for each in tries if each not in taken), None)
    number = 2
    while chosen is None:
        numbered = f"{plain[: MAX_ARGUMENT - 12]}_{place}_{number}"
        chosen = None if numbered in taken else numbered
        number += 1
    taken.add(chosen)
    return chosen
