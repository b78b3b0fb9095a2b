"""Documents as they are written: the envelope is judged here, the `spec` by the gateway. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from mcpgateway.cli.declarative.yaml_tree import Path, Tree

API_VERSION = "mcpgateway/v1"
KINDS = ("Root", "Gateway", "Tool", "Resource", "Prompt", "Agent", "Server")
_KEYED_BY_URI = ("Resource", "Root")
_ENVELOPE = frozenset(("apiVersion", "kind", "metadata", "spec"))
_METADATA = frozenset(("name", "tags", "visibility", "team", "owner"))
_INDEX = re.compile(r"\[([0-9]{1,9})\]")
_SHOWN = 40  # characters


@dataclass(frozen=True, slots=True)
class Document:
    """`source` is the file that it stands in."""

    source: str
    tree: Tree

    @property
    def value(self) -> Mapping[str, Any]:
        value: Mapping[str, Any] = self.tree.value
        return value

    @property
    def kind(self) -> str:
        return str(self.value["kind"])

    @property
    def name(self) -> str:
        return str(self.value["metadata"]["name"])

    def where(self, path: Path) -> str:
        """`file:line:column` of a value, or of the nearest one around it."""
        place = self.tree.place(path)
        return f"{self.source}:{place.line}:{place.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one document, where it stands."""

    where: str
    field: str
    problem: str

    @override
    def __str__(self) -> str:
        return f"{self.where}: {self.field + ' ' if self.field else ''}{self.problem}"


def problems(documents: Iterable[Document]) -> list[Problem]:
    """All that is wrong with the envelopes, and things that stand there twice."""
    found: list[Problem] = []
    seen: dict[tuple[str, str, str], str] = {}
    for document in documents:
        own = [Problem(document.where(p), field_name(p), text) for p, text in _envelope(document)]
        found += own
        if own:
            continue
        path, said = _identity(document)
        where = document.where(path)
        key = (document.kind, said, str((document.value.get("spec") or {}).get("gateway")))
        if key in seen:
            told = f"{said!r} is the {document.kind} of {seen[key]} already"
            found.append(Problem(where, field_name(path), told))
        seen.setdefault(key, where)
    return found


def _identity(document: Document) -> tuple[Path, str]:
    """What tells it from others of its kind: names of resources and roots may be shared."""
    if document.kind in _KEYED_BY_URI:
        spec = document.value.get("spec") or {}
        for member in ("uri", "uriTemplate"):
            if isinstance(spec.get(member), str):
                return ("spec", member), spec[member]
    return ("metadata", "name"), document.name


def _envelope(document: Document) -> Iterator[tuple[Path, str]]:
    value: object = document.tree.value
    if not isinstance(value, dict):
        yield (), "a document must be a mapping with apiVersion, kind, metadata and spec"
        return
    yield from _unknown(value, _ENVELOPE, ())
    if value.get("apiVersion") != API_VERSION:
        yield ("apiVersion",), f"must be {API_VERSION}"
    if value.get("kind") not in KINDS:
        yield ("kind",), f"must be one of {', '.join(KINDS)}"
    yield from _metadata(value.get("metadata"))
    if not isinstance(value.get("spec", {}), dict | None):
        yield ("spec",), "must be a mapping"


def _metadata(metadata: object) -> Iterator[tuple[Path, str]]:
    if not isinstance(metadata, dict):
        yield ("metadata",), "must be a mapping with a name"
        return
    yield from _unknown(metadata, _METADATA, ("metadata",))
    name = metadata.get("name")
    if not isinstance(name, str) or not name.strip():
        yield ("metadata", "name"), "must be a text that is not empty"


def _unknown(
    given: Mapping[str, Any], known: frozenset[str], at: Path
) -> Iterator[tuple[Path, str]]:
    for key in given:
        if key not in known:
            yield (*at, key), f"is not known here: {', '.join(sorted(known))} are"


def field_name(path: Path) -> str:
    """`("spec", "tools", 2)` -> `spec.tools[2]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f"{'.' if text else ''}{part[:_SHOWN]}"
    return text


def field_path(name: str) -> Path:
    """The inverse of `field_name`, for fields that the gateway names."""
    found: list[str | int] = []
    for part in name.replace("[", ".[").split("."):
        index = part[1:-1]
        is_index = (
            part.startswith("[") and part.endswith("]") and index.isascii() and index.isdigit()
        )
        if part:
            found.append(int(index) if is_index else part)
    return tuple(found)
