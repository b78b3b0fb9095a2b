"""Templates of a recipe: JSON in which `{"$": path}` stands for what the path finds. Pure.

A path without `[*]` stands for the one value that it finds. Where it finds nothing, the member or
the item is left out, so that an argument which the caller does not give is not given on; at the top
it is null. A path with `[*]` stands for the array of all that it finds.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

import msgspec

from mcpgateway.common.recipes import paths
from mcpgateway.common.recipes.paths import Budget, Path, PathError, TooMuch
from mcpgateway.common.strict_json import Located, pointer

PLACE = "$"
MAX_DEPTH = 32
_NOTHING = object()


def path_of(template: Any) -> str | None:
    """The path that an object stands for, None for any other value."""
    if isinstance(template, dict) and len(template) == 1:
        path = template.get(PLACE)
        return path if isinstance(path, str) else None
    return None


def fill(template: Any, state: Any, budget: Budget) -> bytes:
    """The template as JSON, with what its paths find in `state`. Raises TooMuch, and PathError for
    one that was not looked at before."""
    filled = _filled(template, state, budget)
    return b"null" if filled is _NOTHING else msgspec.json.encode(filled)


def _filled(template: Any, state: Any, budget: Budget) -> Any:
    path = path_of(template)
    if path is not None:
        return _found(paths.parse(path), state, budget)
    if isinstance(template, dict):
        made = {name: _filled(each, state, budget) for name, each in template.items()}
        return {name: each for name, each in made.items() if each is not _NOTHING}
    if isinstance(template, list):
        return [each for item in template if (each := _filled(item, state, budget)) is not _NOTHING]
    return template


def _found(path: Path, state: Any, budget: Budget) -> Any:
    found = paths.find(path, state, budget)
    if not found and not path.many:
        return _NOTHING
    # Of each its size: many paths may stand for one large value.
    text = msgspec.json.encode(found if path.many else found[0])
    budget.take(len(text))
    return msgspec.Raw(text)


def items(path: str, state: Any, budget: Budget, most: int) -> list[Any]:
    """What `each` goes over: the array that a path finds, or all that one with `[*]` finds. Raises
    TooMuch and ValueError."""
    parsed = paths.parse(path)
    found = paths.find(parsed, state, budget)
    if not parsed.many:
        if not found or not isinstance(found[0], list):
            raise ValueError(f"{path} is no array{'' if found else ': there is nothing'}")
        found = found[0]
    if len(found) > most:
        raise TooMuch(f"{path} has {len(found)} items, at most {most} are taken")
    return list(found)


def problems(template: Any, known: Collection[str], steps: Collection[str]) -> list[Located]:
    """What is wrong with a template that sees these members of the state, and the values of these
    steps."""
    return list(_problems(template, known, steps, ()))


def path_problem(text: str, known: Collection[str], steps: Collection[str]) -> str:
    """Why a path can not be used there; "" when it can."""
    try:
        segments = paths.parse(text).segments
    except PathError as error:
        return f"is no path that a recipe takes: it {error}"
    first = segments[0] if segments else None
    if first not in known:
        told = ", ".join(f"$.{name}" for name in sorted(known))
        return f"must begin with one of {told}"
    if first in ("steps", "errors") and len(segments) > 1 and segments[1] not in steps:
        return f"names {segments[1]!r}, which is no step before this one"
    return ""


def _problems(
    template: Any, known: Collection[str], steps: Collection[str], at: tuple[str | int, ...]
) -> Iterator[Located]:
    if len(at) > MAX_DEPTH:
        yield Located(pointer(at), f"is nested more than {MAX_DEPTH} deep")
        return
    path = path_of(template)
    if path is not None:
        problem = path_problem(path, known, steps)
        if problem:
            yield Located(pointer(at), problem)
        return
    if isinstance(template, dict) and PLACE in template:
        told = '{"$": path} has no other members, and a text as its path'
        yield Located(pointer(at), told)
    for key, each in _inside(template):
        yield from _problems(each, known, steps, (*at, key))


def _inside(template: Any) -> Iterable[tuple[str | int, Any]]:
    if isinstance(template, dict):
        return template.items()
    return enumerate(template) if isinstance(template, list) else ()
