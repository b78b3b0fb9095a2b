"""What bodies of /tools say of tools that are made of other tools. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from mcpgateway.common.routing.recipe import MAX_RECIPE, Composed, Derived, Recipe, Step
from mcpgateway.control_plane.api.http.fields import Fields

Kind = Literal["DERIVED", "COMPOSED"]
KINDS: tuple[Kind, ...] = ("DERIVED", "COMPOSED")
TYPE_OF: Mapping[type[Recipe], Kind] = {Derived: "DERIVED", Composed: "COMPOSED"}
_TAGS = {"DERIVED": "derived", "COMPOSED": "composed"}
_MEMBERS: Mapping[str, Sequence[str]] = {
    "derived": Derived.__struct_fields__,
    "composed": Composed.__struct_fields__,
}


def read_recipe(fields: Fields, kind: str | UnsetType) -> Recipe | UnsetType:
    """`kind` is the `integration_type` that was said. Problems go into the fields."""
    said = fields.mapping("recipe")
    if said is UNSET:
        if kind in KINDS:
            fields.problem("recipe", f"is required of a tool that is {kind}", "missing")
        return UNSET
    tag = _tag(said, kind)
    if kind is not UNSET and _TAGS.get(kind) != tag:
        told = " or ".join(KINDS)
        fields.problem("integration_type", f"must be {told}, as the recipe says", "enum")
        return UNSET
    if len(msgspec.json.encode(said)) > MAX_RECIPE:
        fields.problem("recipe", f"must have at most {MAX_RECIPE} bytes of JSON", "size")
        return UNSET
    return _converted(fields, said, tag)


def _tag(said: Mapping[str, Any], kind: str | UnsetType) -> str:
    named = said.get("type")
    if isinstance(named, str):
        return named
    if kind in KINDS:
        return _TAGS[str(kind)]
    return "composed" if "steps" in said else "derived"


def _converted(fields: Fields, said: Mapping[str, Any], tag: str) -> Recipe | UnsetType:
    members = _known(fields, "recipe", said, (*_MEMBERS.get(tag, ()), "type"))
    steps = members.get("steps")
    if tag == "composed" and isinstance(steps, list):
        names = Step.__struct_fields__
        members["steps"] = [
            _known(fields, f"recipe.steps[{n}]", step, names) if isinstance(step, dict) else step
            for n, step in enumerate(steps)
        ]
    try:
        made: Recipe = msgspec.convert({**members, "type": tag}, Recipe)
    except (msgspec.ValidationError, RecursionError) as error:
        fields.problem("recipe", f"is none: {error}", "recipe")
        return UNSET
    return made


def _known(
    fields: Fields, at: str, said: Mapping[str, Any], names: Sequence[str]
) -> dict[str, Any]:
    """In snake_case; what is not known is a problem."""
    by_name = {_camel(name): name for name in names} | {name: name for name in names}
    for name in said:
        if name not in by_name:
            told = ", ".join(name for name in names if name != "type")
            fields.problem(f"{at}.{name[:80]}", f"is not known here: {told} are", "unknown")
    return {by_name[name]: value for name, value in said.items() if name in by_name}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))
