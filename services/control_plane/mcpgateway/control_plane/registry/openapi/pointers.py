"""References within a document. Pure: other documents, files and addresses are never opened."""

from typing import Any
from urllib.parse import unquote

MAX_CHAIN = 20  # of references to references


class BadPart(Exception):
    """A part of a document can not be used; the message says which, and why."""


class Pointers:
    """Follows `$ref`s of one document. Each is looked up once."""

    def __init__(self, tree: dict[str, Any]) -> None:
        self._tree = tree
        self._found: dict[str, Any] = {}

    def followed(self, value: Any) -> Any:
        """What a reference names, however many there are in between; all else as it is. Raises
        BadPart."""
        for _ in range(MAX_CHAIN):
            if not isinstance(value, dict) or not isinstance(value.get("$ref"), str):
                return value
            value = self.target(value["$ref"])
        raise BadPart(f"{value.get('$ref', '')[:200]!r} refers to itself, or through too many")

    def target(self, ref: str) -> Any:
        """Raises BadPart."""
        if ref in self._found:
            return self._found[ref]
        if not ref.startswith("#"):
            raise BadPart(
                f"refers to {ref[:200]!r}, another document: only references within it are followed"
            )
        value: Any = self._tree
        for step in ref[1:].split("/")[1:]:
            value = _stepped(value, unquote(step).replace("~1", "/").replace("~0", "~"))
            if value is None:
                raise BadPart(f"refers to {ref[:200]!r}, which is not there")
        self._found[ref] = value
        return value


def _stepped(value: Any, step: str) -> Any:
    if isinstance(value, dict):
        return value.get(step)
    if isinstance(value, list) and step.isdigit() and len(step) < 7 and int(step) < len(value):
        return value[int(step)]
    return None
