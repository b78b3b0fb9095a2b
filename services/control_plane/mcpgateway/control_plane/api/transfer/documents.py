"""Documents: what is wanted of one thing, in the words of the API. Pure.

    {"apiVersion": "mcpgateway/v1", "kind": "Server",
     "metadata": {"name", "tags", "visibility", "team", "owner"},
     "spec": {the fields of POST /servers; what it holds by name: tools, resources, ...}}

A field that is not there is left as it is. `spec.enabled` switches. A tool, prompt or resource of a
gateway says `spec.gateway` and `spec.originalName` (resources: `spec.uri`): it can be changed, and
is never made.
"""

import re
from collections.abc import Mapping
from typing import Any

from mcpgateway.common.errors import FieldProblem, InvalidCall
from mcpgateway.control_plane.api.http.noted import Noted
from mcpgateway.control_plane.api.transfer.kinds import Kinds, Shown
from mcpgateway.control_plane.registry.transfer.kinds import HELD
from mcpgateway.control_plane.registry.transfer.model import Item, Kind, Parent
from mcpgateway.control_plane.registry.transfer.plan import ORDER

API_VERSION = "mcpgateway/v1"
MAX_DOCUMENTS = 20_000
_ENVELOPE = ("apiVersion", "kind", "metadata", "spec")
_METADATA = {
    "name": "name",
    "tags": "tags",
    "visibility": "visibility",
    "team": "team_id",
    "owner": "owner_email",
}
_OF_METADATA = {field: name for name, field in _METADATA.items()} | {
    "teamId": "team",
    "ownerEmail": "owner",
}
_OF_NEW = ("id", "integrationType", "integration_type")  # read of new things only
_CHILDREN = ("Tool", "Resource", "Prompt")
_KEYED_BY_URI = ("Resource", "Root")
_CAPITAL = re.compile(r"(?<!^)([A-Z])")


def snake(name: str) -> str:
    """`inputSchema` -> `input_schema`; `_meta` is itself."""
    return _CAPITAL.sub(lambda match: "_" + match.group(1).lower(), name)


def read_documents(value: object, kinds: Kinds, where: str = "documents") -> list[Item]:
    """Raises InvalidCall with all problems of all envelopes."""
    if not isinstance(value, list) or len(value) > MAX_DOCUMENTS:
        problem = f"must be a list of at most {MAX_DOCUMENTS} documents"
        raise InvalidCall(f"{where} {problem}", errors=[FieldProblem(where, problem, "list")])
    items: list[Item] = []
    problems: list[FieldProblem] = []
    for index, each in enumerate(value):
        at = f"{where}[{index}]"
        found = list(_problems(each, at))
        problems += found
        if not found:
            items.append(_item(each, at, kinds))
    if problems:
        text = "; ".join(f"{each.field} {each.problem}" for each in problems[:20])
        raise InvalidCall(text, errors=problems)
    return items


def _problems(value: object, at: str) -> list[FieldProblem]:
    if not isinstance(value, dict):
        return [FieldProblem(at, "must be an object", "object")]
    found = _unknown(value, _ENVELOPE, at)
    if value.get("apiVersion") != API_VERSION:
        found.append(FieldProblem(f"{at}.apiVersion", f"must be {API_VERSION}", "const"))
    if value.get("kind") not in ORDER:
        found.append(FieldProblem(f"{at}.kind", f"must be one of {', '.join(ORDER)}", "enum"))
    return found + _metadata_problems(value.get("metadata"), at) + _spec_problems(value, at)


def _metadata_problems(metadata: object, at: str) -> list[FieldProblem]:
    if not isinstance(metadata, dict):
        return [FieldProblem(f"{at}.metadata", "must be an object with a name", "object")]
    found = _unknown(metadata, tuple(_METADATA), f"{at}.metadata")
    name = metadata.get("name")
    if not isinstance(name, str) or not name.strip():
        found.append(FieldProblem(f"{at}.metadata.name", "must be a text, not empty", "string"))
    return found


def _spec_problems(value: Mapping[str, Any], at: str) -> list[FieldProblem]:
    spec = value.get("spec")
    if spec is None:
        return []
    if not isinstance(spec, dict):
        return [FieldProblem(f"{at}.spec", "must be an object", "object")]
    found = []
    if not isinstance(spec.get("enabled", True), bool):
        found.append(FieldProblem(f"{at}.spec.enabled", "must be true or false", "boolean"))
    found += [
        FieldProblem(f"{at}.spec.{name}", "is required, a text", "missing")
        for name in _required(value.get("kind"), spec)
        if not isinstance(spec.get(name), str)
    ]
    return found + (_held_problems(spec, at) if value.get("kind") == "Server" else [])


def _required(kind: object, spec: Mapping[str, Any]) -> tuple[str, ...]:
    """What says which thing is meant, beside its name."""
    if kind in _CHILDREN and "gateway" in spec:
        return ("gateway", "uri" if kind == "Resource" else "originalName")
    if kind in _KEYED_BY_URI:
        return ("uriTemplate",) if "uriTemplate" in spec and "uri" not in spec else ("uri",)
    return ()


def _held_problems(spec: Mapping[str, Any], at: str) -> list[FieldProblem]:
    return [
        FieldProblem(f"{at}.spec.{field}", "must be a list of names", "list")
        for field in HELD
        if not _texts(spec.get(field, []))
    ]


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _unknown(given: Mapping[str, Any], known: tuple[str, ...], at: str) -> list[FieldProblem]:
    told = ", ".join(known)
    return [
        FieldProblem(f"{at}.{name[:80]}", f"is not known here: {told} are", "unknown")
        for name in given
        if name not in known
    ]


def _item(value: Mapping[str, Any], at: str, kinds: Kinds) -> Item:
    """Of an envelope that is well-formed."""
    kind: Kind = value["kind"]
    metadata, spec = value["metadata"], dict(value.get("spec") or {})
    name = metadata["name"].strip()
    enabled = spec.pop("enabled", None)
    refers = {}
    if kind == "Server":
        refers = {field: tuple(spec.pop(field)) for field in HELD if field in spec}
    parent = None
    key = name
    if kind in _KEYED_BY_URI:
        key = spec.get("uri") or spec.get("uriTemplate")
    if kind in _CHILDREN and "gateway" in spec:
        original = spec.pop("originalName", None) if kind != "Resource" else spec.pop("uri")
        parent = Parent(spec.pop("gateway"), original or key)
    body = {_METADATA[name]: each for name, each in metadata.items()} | spec
    return Item(
        at=at,
        kind=kind,
        name=name,
        key=key,
        body=body,
        parse=_strict(kinds[kind]),
        enabled=enabled,
        parent=parent,
        refers=refers,
        spot=_spot(at),
    )


def _strict(shown: Shown) -> Any:
    """Reads a body as its path does, and refuses what that would pass over in silence."""

    def parse(body: Mapping[str, Any], new: bool) -> Any:
        noted = Noted(body)
        problems: list[FieldProblem] = []
        draft = None
        try:
            draft = shown.parse(noted, new)
        except InvalidCall as error:
            problems += error.errors
        for name in body:
            if snake(name) not in noted.asked and not (name in _OF_NEW and not new):
                problems.append(FieldProblem(name[:80], "is no field of this kind", "unknown"))
        if problems:
            text = "; ".join(f"{each.field} {each.problem}" for each in problems)
            raise InvalidCall(text, errors=problems)
        return draft

    return parse


def _spot(at: str) -> Any:
    def spot(field: str) -> str:
        head = field.partition("[")[0]
        if head in _OF_METADATA:
            return f"{at}.metadata.{_OF_METADATA[head]}{field[len(head) :]}"
        return f"{at}.spec.{field}"

    return spot
