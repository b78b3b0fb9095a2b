"""Reads the members of a JSON object under either spelling, and gathers every problem. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from msgspec import UNSET, UnsetType

from mcpgateway.common.errors import FieldProblem, InvalidCall
from mcpgateway.control_plane.api.http.noted import Schema, note

W = TypeVar("W", bound=str)

MAX_DEPTH = 30  # of objects and lists in an object
_PLAIN = r"[^\u0000-\u0008\u000b\u000c\u000e-\u001f]"  # no control character but line breaks
_TEXT = f"^{_PLAIN}*$"
_FILLED = rf"^{_PLAIN}*\S{_PLAIN}*$"


def camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(word.capitalize() for word in tail)


def _itself(value: object) -> object:
    return value


def _texts(limit: int, length: int, *, plain: bool) -> Schema:
    """Of a list of texts, or of objects that hold one."""
    text: Schema = {"type": "string", "maxLength": length, "pattern": _TEXT}
    items = text if plain else {"anyOf": [text, {"type": "object"}]}
    return {"anyOf": [{"type": "array", "maxItems": limit, "items": items}, {"type": "string"}]}


class Fields:
    """Names are given in snake_case and found in camelCase too; null means that nothing was said.

    A method answers UNSET when nothing was said or when what was said is a problem; `check`
    raises them all at once. What each takes is noted for the API's description.
    """

    def __init__(self, members: Mapping[str, Any]) -> None:
        self._members = members
        self.problems: list[FieldProblem] = []
        self._doubled: set[str] = set()

    def spelled(self, name: str) -> str:
        """The member's name as the caller wrote it."""
        return camel(name) if name not in self._members and camel(name) in self._members else name

    def raw(self, name: str, takes: Schema | None = None) -> object:
        """UNSET for null too. `takes` describes what the caller of this method makes sure of."""
        note(self._members, name, takes or {})
        found = {word: self._members.get(word) for word in (name, camel(name))}
        given = [word for word, value in found.items() if value is not None]
        if len(given) > 1 and name not in self._doubled:
            self._doubled.add(name)
            self.problem(name, f"is given twice, also as {given[1]}", "twice")
        return found[given[0]] if given else UNSET

    def problem(self, name: str, problem: str, rule: str = "") -> None:
        self.problems.append(FieldProblem(self.spelled(name), problem, rule))

    def check(self) -> None:
        """Raises InvalidCall."""
        if self.problems:
            text = "; ".join(f"{problem.field} {problem.problem}" for problem in self.problems)
            raise InvalidCall(text, errors=self.problems)

    def text(self, name: str, limit: int) -> str | UnsetType:
        """Stripped, at most `limit` characters; line breaks are the only control characters."""
        return self._text(name, limit, {"pattern": _TEXT})

    def filled(self, name: str, limit: int, *, required: bool) -> str | UnsetType:
        """As `text`, and not empty."""
        if required and self.raw(name) is UNSET:
            self.problem(name, "is required", "missing")
        value = self._text(name, limit, {"pattern": _FILLED})
        if value == "":
            self.problem(name, "must not be empty", "string")
            return UNSET
        return value

    def _text(self, name: str, limit: int, takes: Schema) -> str | UnsetType:
        value = self.raw(name, {"type": "string", "maxLength": limit, **takes})
        if isinstance(value, UnsetType):
            return UNSET
        problem = text_problem(value, limit)
        if problem:
            self.problem(name, problem, "string")
            return UNSET
        return str(value).strip()

    def boolean(self, name: str) -> bool | UnsetType:
        value = self.raw(name, {"type": "boolean"})
        if isinstance(value, bool | UnsetType):
            return value
        self.problem(name, "must be true or false", "boolean")
        return UNSET

    def integer(self, name: str, low: int, high: int) -> int | UnsetType:
        value = self.raw(name, {"type": "integer", "minimum": low, "maximum": high})
        if isinstance(value, UnsetType):
            return UNSET
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.problem(name, f"must be a whole number from {low} to {high}", "integer")
            return UNSET
        return value

    def choice(self, name: str, allowed: Sequence[W]) -> W | UnsetType:
        value = self.raw(name, {"type": "string", "enum": [*allowed]})
        if isinstance(value, UnsetType):
            return UNSET
        for word in allowed:
            if value == word:
                return word
        self.problem(name, f"must be one of {', '.join(allowed)}", "enum")
        return UNSET

    def texts(
        self,
        name: str,
        limit: int,
        length: int,
        item: Callable[[object], object] = _itself,
    ) -> tuple[str, ...] | UnsetType:
        """A list of at most `limit` texts (or one text, comma-separated), each of at most
        `length` characters; without empty and second ones. `item` finds the text in a member."""
        value = self.raw(name, _texts(limit, length, plain=item is _itself))
        if isinstance(value, UnsetType):
            return UNSET
        items = value.split(",") if isinstance(value, str) else value
        if not isinstance(items, list) or len(items) > limit:
            self.problem(name, f"must be a list of at most {limit} strings", "list")
            return UNSET
        found = [item(member) for member in items]
        problems = [
            FieldProblem(f"{self.spelled(name)}[{index}]", problem, "string")
            for index, text in enumerate(found)
            if (problem := text_problem(text, length))
        ]
        if problems:
            self.problems += problems
            return UNSET
        stripped = (str(text).strip() for text in found)
        return tuple(dict.fromkeys(text for text in stripped if text))

    def mapping(self, name: str) -> dict[str, Any] | UnsetType:
        """Nested at most 30 deep, without NUL, which the database can not keep."""
        value = self.raw(name, {"type": "object"})
        if value is UNSET:
            return UNSET
        problem = "must be an object" if not isinstance(value, dict) else object_problem(value)
        if isinstance(value, dict) and not problem:
            return value
        self.problem(name, problem or "", "object")
        return UNSET

    def unsupported(self, name: str, instead: str) -> None:
        """A field that would change what happens must not be passed over in silence."""
        nothing = ["", False, [], {}]
        said = self.raw(name, {"enum": nothing, "description": f"Not supported: {instead}."})
        said_nothing = any(said == each and type(said) is type(each) for each in nothing)
        if said is not UNSET and not said_nothing:
            self.problem(name, f"is not supported: {instead}", "unsupported")


def text_problem(value: object, limit: int) -> str | None:
    if not isinstance(value, str):
        return "must be a string"
    if len(value) > limit:
        return f"has {len(value)} characters, {limit} is the limit"
    if any(ord(character) < 32 and character not in "\n\r\t" for character in value):
        return "must not hold control characters"
    return None


def object_problem(value: object, depth: int = MAX_DEPTH) -> str:
    """Of JSON as it was decoded; empty when there is none."""
    if isinstance(value, str):
        return "must not hold the character NUL" if "\0" in value else ""
    if not isinstance(value, dict | list):
        return ""
    if depth == 0:
        return f"is nested more than {MAX_DEPTH} deep"
    inside = [*value, *value.values()] if isinstance(value, dict) else value
    return next(filter(None, (object_problem(each, depth - 1) for each in inside)), "")
