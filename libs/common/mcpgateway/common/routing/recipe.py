"""Tools that are made of other tools: what an operator says of one, and what a replica needs to
call it. Pure values; `recipe` of a tool is this as JSON.

Whoever calls such a tool needs to be allowed each tool that it is made of: it gives nobody more
than he has.
"""

from typing import Any, Literal

import msgspec

MAX_STEPS = 20
MAX_DEPTH = 4  # of tools that are made of tools that are made of tools ...
MAX_CALLS = 500  # of one run, with those of the composed tools that it calls
MAX_RECIPE = 64 * 1024  # bytes of its JSON
MAX_ITEMS = 100  # calls that one step makes of a list
MAX_AT_ONCE = 20  # of these at the same time


class Derived(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="derived"):
    """Another tool under another name, with other words and fewer choices.

    `tool` is the id of the tool that is called. `fixed` arguments are sent whatever the caller
    says, and are not shown; `hidden` ones are not shown and not taken; `defaults` are sent where
    the caller says nothing; these three by the names of the tool that is called. `renamed` maps
    names that are shown to those. `described` are other words about arguments, by the names that
    are shown; `description` about the tool, in which `{description}` stands for the words of the
    tool that is called ("": just these).
    """

    tool: str
    fixed: dict[str, Any] = {}
    hidden: tuple[str, ...] = ()
    defaults: dict[str, Any] = {}
    renamed: dict[str, str] = {}
    described: dict[str, str] = {}
    description: str = ""


class Step(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One call. `tool` is an id. `arguments` is JSON in which an object with the one member
    `"$"` stands for what its JSONPath (RFC 9535) finds in the state of the run: `$.input` (the
    caller's arguments), `$.steps.NAME` (the value of a step before), `$.item` and `$.index`
    (within `each`). `each`, a JSONPath, makes one call for each item that it finds.

    `on_error`: `fail` ends the run, `skip` leaves null as the value of the step or the item, and
    what went wrong in `$.errors.NAME`.
    """

    name: str
    tool: str
    arguments: dict[str, Any] = {}
    each: str = ""
    max_items: int = MAX_ITEMS
    at_once: int = 4
    timeout_ms: int = 0  # of one call; 0: the tool's own
    on_error: Literal["fail", "skip"] = "fail"


class Composed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="composed"):
    """Steps in order. `result` is like a step's `arguments`; None: the value of the last step.
    `timeout_ms` is of the whole run, 0 for none but what the gateway sets."""

    steps: tuple[Step, ...]
    result: Any = None
    timeout_ms: int = 0


Recipe = Derived | Composed

_decoder: msgspec.json.Decoder[Recipe] = msgspec.json.Decoder(Recipe)


def decode(recipe: bytes) -> Recipe:
    """Raises msgspec.DecodeError (ValidationError among them)."""
    return _decoder.decode(recipe)


def tools_of(recipe: Recipe) -> tuple[str, ...]:
    """Ids of the tools that it is made of, each once, in order."""
    if isinstance(recipe, Derived):
        return (recipe.tool,)
    return tuple(dict.fromkeys(step.tool for step in recipe.steps))
