"""What is wrong with a composed tool, as far as its recipe tells. Pure."""

import re
from collections.abc import Iterator

from mcpgateway.common.recipes import templates
from mcpgateway.common.recipes.templates import path_problem
from mcpgateway.common.routing.recipe import MAX_AT_ONCE, MAX_ITEMS, MAX_STEPS, Composed, Step
from mcpgateway.common.strict_json import Located

MAX_TIMEOUT = 3_600_000  # ms
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_STATE = frozenset(("input", "steps", "errors"))
_OF_ITEM = _STATE | {"item", "index"}


def problems(recipe: Composed) -> list[Located]:
    """With JSON pointers into the recipe."""
    return list(_problems(recipe))


def _problems(recipe: Composed) -> Iterator[Located]:
    if not 0 < len(recipe.steps) <= MAX_STEPS:
        yield Located("/steps", f"must be 1 to {MAX_STEPS}, are {len(recipe.steps)}")
    if not 0 <= recipe.timeout_ms <= MAX_TIMEOUT:
        yield Located("/timeout_ms", f"must be 0 to {MAX_TIMEOUT}")
    before: list[str] = []
    for index, step in enumerate(recipe.steps):
        for inside, problem in _step_problems(step, before):
            yield Located(f"/steps/{index}{inside}", problem)
        before.append(step.name)
    for inside, problem in templates.problems(recipe.result, _STATE, before):
        yield Located(f"/result{inside}", problem)


def _step_problems(step: Step, before: list[str]) -> Iterator[Located]:
    if not _NAME.fullmatch(step.name):
        yield Located("/name", "must be 1 to 64 letters, digits and '_', and begin with no digit")
    elif step.name in before:
        yield Located("/name", f"{step.name!r} is the name of a step before")
    yield from _limit_problems(step)
    problem = path_problem(step.each, _STATE, before) if step.each else ""
    if problem:
        yield Located("/each", problem)
    known = _OF_ITEM if step.each else _STATE
    for inside, problem in templates.problems(step.arguments, known, before):
        yield Located(f"/arguments{inside}", problem)
    if templates.path_of(step.arguments) is not None:
        yield Located("/arguments", "must be an object of arguments, each of which may be a path")


def _limit_problems(step: Step) -> Iterator[Located]:
    for name, value, least, most in (
        ("max_items", step.max_items, 1, MAX_ITEMS),
        ("at_once", step.at_once, 1, MAX_AT_ONCE),
        ("timeout_ms", step.timeout_ms, 0, MAX_TIMEOUT),
    ):
        if not least <= value <= most:
            yield Located(f"/{name}", f"must be {least} to {most}")
