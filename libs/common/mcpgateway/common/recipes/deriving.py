"""What a derived tool says of itself: its base's definition, with what its recipe changes. Pure.

The schema of its arguments takes exactly what `taking` passes on and the base's schema accepts,
as far as that speaks of single arguments; what it says of several together (`anyOf`,
`minProperties` and the like), or in references that can not be moved, is left to the base, which
is called with all arguments in its own words.
"""

from collections.abc import Mapping
from typing import Any

from mcpgateway.common import schema_check
from mcpgateway.common.recipes import references
from mcpgateway.common.routing.recipe import Derived

# Of the root of a schema.
_KEPT = ("$schema", "$comment", "$defs", "definitions", "title", "description", "deprecated")
_SHAPED = frozenset(("type", "properties", "required", "additionalProperties"))
_DEFS = ("$defs", "definitions")
_TELLING = frozenset(("default", "examples"))
_IMPOSSIBLE: dict[str, Any] = {"not": {}}
_TOLD = ("type", "title", "description")
PLACE = "{description}"  # in words of a recipe: those of its base
LONGEST = 16 * 1024  # characters of words that are made so


def definition(base: Mapping[str, Any], recipe: Derived) -> dict[str, Any]:
    """Of the derived tool. `base` is its base's definition, as clients see it."""
    made = dict(base)
    if recipe.description:
        made["description"] = _filled(recipe.description, _words(base)).strip()
    schema = base.get("inputSchema")
    made["inputSchema"] = input_schema(schema if isinstance(schema, dict) else {}, recipe)
    return made


def input_schema(base: Mapping[str, Any], recipe: Derived) -> dict[str, Any]:
    """Of a base's, whatever it is."""
    if not changes_arguments(recipe):
        return {"type": "object", **base}
    return _Shaping(base, recipe).schema()


def changes_arguments(recipe: Derived) -> bool:
    """Whether it says anything of arguments."""
    return bool(
        recipe.fixed or recipe.hidden or recipe.defaults or recipe.renamed or recipe.described
    )


def is_exact(base: Mapping[str, Any], recipe: Derived) -> bool:
    """Whether nothing of a base's schema is left to it, and all that a recipe gives can be held
    against it here: of what refers to itself nobody knows how long that takes."""
    if not changes_arguments(recipe):
        return True
    known = {*_KEPT, *_SHAPED, *_TELLING}
    plain = known.issuperset(base) and references.is_movable(base)
    return plain and _Shaping(base, recipe).judges_all()


def withheld(recipe: Derived) -> frozenset[str]:
    """The base's names of what a caller can not give under these names."""
    gone = {*recipe.fixed, *recipe.hidden, *recipe.renamed.values()}
    return frozenset(gone - recipe.renamed.keys())


def sent_anyway(recipe: Derived) -> dict[str, Any]:
    """The arguments that are sent whatever the caller says."""
    hidden = {name: recipe.defaults[name] for name in recipe.hidden if name in recipe.defaults}
    return hidden | recipe.fixed


def problems(base: Mapping[str, Any], recipe: Derived) -> list[tuple[str, str]]:
    """What is wrong with a recipe for this base: member of the recipe, and why."""
    schema = base.get("inputSchema")
    found = _Shaping(schema if isinstance(schema, dict) else {}, recipe).problems()
    words, places = _words(base), recipe.description.count(PLACE)
    size = len(recipe.description) + places * (len(words) - len(PLACE))
    if size > LONGEST:
        told = f"has {size} characters with the words of its base in it, {LONGEST} is the limit"
        found.append(("description", told))
    return found


def _words(base: Mapping[str, Any]) -> str:
    words = base.get("description")
    return words if isinstance(words, str) else ""


def _filled(template: str, words: str) -> str:
    """Cut where it gets too long: a base is reworded after its recipes were judged, and words that
    stand in words several times, level after level, would be gigabytes."""
    first, *rest = template.split(PLACE)
    made = first[:LONGEST]
    for part in rest:
        made = (made + words + part)[:LONGEST]
        if len(made) == LONGEST:
            break
    return made


class _Shaping:
    """Of one base's schema by one recipe."""

    def __init__(self, base: Mapping[str, Any], recipe: Derived) -> None:
        self._base = base
        self._recipe = recipe
        self._always = sent_anyway(recipe)
        self._shown_as = {own: shown for shown, own in recipe.renamed.items()}
        properties, required = base.get("properties"), base.get("required")
        self._properties: Mapping[str, Any] = properties if isinstance(properties, dict) else {}
        named = required if isinstance(required, list) else []
        self._required = [name for name in named if isinstance(name, str)]
        self._more = base.get("additionalProperties", True)
        self._movable = references.is_movable(base)

    def schema(self) -> dict[str, Any]:
        made: dict[str, Any] = {name: self._base[name] for name in _KEPT if name in self._base}
        made["type"] = "object"
        made["properties"] = {
            shown: self._property(own, shown) for shown, own in self._shown().items()
        }
        made["required"] = [name for own in self._asked() if (name := self._shown_name(own))]
        if withheld(self._recipe):
            made["additionalProperties"] = False
        elif "additionalProperties" in self._base:
            made["additionalProperties"] = self._more
        if self._is_impossible():
            made |= _IMPOSSIBLE
        if not self._movable:
            return {name: each for name, each in made.items() if name not in _DEFS}
        return references.settled(made, self._base)

    def problems(self) -> list[tuple[str, str]]:
        recipe = self._recipe
        found = [
            (f"{member}.{name}", problem)
            for member, names in (
                ("fixed", recipe.fixed),
                ("hidden", recipe.hidden),
                ("defaults", recipe.defaults),
            )
            for name in names
            if (problem := self._unknown(name))
        ]
        for member, values in (("fixed", recipe.fixed), ("defaults", recipe.defaults)):
            for name, value in values.items():
                found += [(f"{member}.{name}", each) for each in self._wrong(name, value)]
        found += self._renaming_problems()
        for name in recipe.hidden:
            if name in self._required and name not in self._always:
                told = "is required by the base: give it in fixed or defaults"
                found.append((f"hidden.{name}", told))
        shown = self._shown()
        found += [
            (f"described.{name}", "is no argument that is shown")
            for name in recipe.described
            if name not in shown
        ]
        return found

    def _renaming_problems(self) -> list[tuple[str, str]]:
        recipe = self._recipe
        found = []
        for shown, own in recipe.renamed.items():
            at = f"renamed.{shown}"
            if (problem := self._unknown(own)) is not None:
                found.append((at, problem))
            if own in self._always or own in recipe.hidden:
                found.append((at, f"is {own!r}, which is fixed or hidden"))
            if self._shown_as[own] != shown:
                found.append((at, f"is {own!r}, which is renamed to {self._shown_as[own]!r}, too"))
            if shown in self._declared() and shown not in self._gone():
                found.append((at, "is the name of another argument of the base"))
        return found

    def _gone(self) -> set[str]:
        """The base's names that are free."""
        return {*self._always, *self._recipe.hidden, *self._recipe.renamed.values()}

    def _declared(self) -> dict[str, None]:
        return dict.fromkeys([*self._properties, *self._required])

    def _unknown(self, own: str) -> str | None:
        if own in self._declared() or self._more is not False:
            return None
        told = ", ".join(list(self._declared())[:20]) or "none"
        return f"is no argument of the base, whose arguments are: {told}"

    def _shown(self) -> dict[str, str]:
        """Own names by those that are shown."""
        gone = {*self._always, *self._recipe.hidden}
        renamed = {
            shown: own
            for shown, own in self._recipe.renamed.items()
            if own not in gone and (own in self._declared() or self._more is not False)
        }
        taken = {*renamed, *self._recipe.renamed.values(), *gone}
        return {own: own for own in self._declared() if own not in taken} | renamed

    def _shown_name(self, own: str) -> str:
        """Empty for what can not be given."""
        found = next((shown for shown, name in self._shown().items() if name == own), "")
        return found or ("" if withheld(self._recipe) else own)

    def _property(self, own: str, shown: str) -> Any:
        schema = self._properties.get(own, self._more)
        if not self._movable and isinstance(schema, dict):
            schema = {name: schema[name] for name in _TOLD if name in schema}
        added: dict[str, Any] = {}
        if own in self._recipe.defaults:
            added["default"] = self._recipe.defaults[own]
        if shown in self._recipe.described:
            added["description"] = self._recipe.described[shown]
        if not added or schema is False:
            return schema
        return {**schema, **added} if isinstance(schema, dict) else added

    def _asked(self) -> list[str]:
        """What the caller has to give, by the base's names."""
        always, defaults = self._always, self._recipe.defaults
        asked = [own for own in self._required if own not in always and own not in defaults]
        wrong = [own for own in defaults if own not in always and self._wrong(own, defaults[own])]
        return list(dict.fromkeys(asked + wrong))

    def _is_impossible(self) -> bool:
        """Whether the base refuses every call."""
        refused = any(self._wrong(own, value) for own, value in self._always.items())
        return refused or not all(map(self._shown_name, self._asked()))

    def _wrong(self, own: str, value: Any) -> list[str]:
        """Why the base does not take a value; nothing where that can not be told."""
        if own not in self._properties and self._more is False:
            return ["is no argument of the base"]
        check = self._check(own)
        return [] if check is None else [each.problem for each in check.problems({own: value})]

    def judges_all(self) -> bool:
        """Whether it can be told of all that the recipe gives if the base takes it."""
        given = {*self._always, *self._recipe.defaults}
        closed = self._more is False
        judged = ((own not in self._properties and closed) or self._check(own) for own in given)
        return all(judged)

    def _check(self, own: str) -> schema_check.Check | None:
        """What holds one argument against the base; None where nobody should wait for it."""
        if not self._movable:
            return None
        only: dict[str, Any] = {name: self._base[name] for name in _KEPT if name in self._base}
        only["properties"] = {own: self._properties.get(own, self._more)}
        try:
            check = schema_check.Check(references.settled(only, self._base))
        except ValueError:
            return None
        return check if check.bounded else None
