"""Export files, whose format is ContextForge's: entities by type, in snake_case. Pure.

What ContextForge writes is taken as far as there is such a thing here; what is left out is noted on
the entity. What we write has its names for what it knows, and ours beside them, so that our own
import loses nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mcpgateway.common.errors import FieldProblem, InvalidCall
from mcpgateway.control_plane.api.http.fields import camel
from mcpgateway.control_plane.api.nouns.shared_input import MASK
from mcpgateway.control_plane.api.transfer.documents import snake
from mcpgateway.control_plane.api.transfer.export import FIELDS, OVER
from mcpgateway.control_plane.api.transfer.export_secrets import Credentials, as_fields
from mcpgateway.control_plane.api.transfer.kinds import Kinds
from mcpgateway.control_plane.registry.transfer.kinds import HELD
from mcpgateway.control_plane.registry.transfer.model import Item, Kind, Parent

Entity = Mapping[str, Any]
Open = Callable[[Kind, str, Entity], Credentials]  # raises ValueError

_HELD_AS = {
    "tools": ("tools", "tool_ids", "associated_tools"),
    "resources": ("resources", "associated_resources"),
    "prompts": ("prompts", "associated_prompts"),
    "agents": ("agents", "associated_a2a_agents"),
}
# What would change how a thing works, and is not taken.
_LEFT = {
    "rate_limit": "limits of single tools are not supported",
}
_LEFT_OF_OTHERS = {
    "oauth_config": "only gateways are called by OAuth",
    "auth_query_params": "only gateways are called with credentials in the query string",
}
_BY_CALLERS = ("oauth", "vault")  # whose kind stands beside what is sealed, and is no part of it
_MORE = ("url", "baseUrl", "pathTemplate", "template", "uriTemplate", "customName", "displayName")
_OF_RECIPES = ("recipe", "overrides", "integrationType")
_CONTENT = {"content", "blob"}
_NOT_OURS = "comes with its gateway: nothing to import"


def entity(document: Mapping[str, Any]) -> dict[str, Any]:
    """Of a document."""
    metadata, spec = document["metadata"], dict(document["spec"])
    enabled = spec.pop("enabled", True)
    flat = {snake(name): value for name, value in spec.items()}
    made = {
        "name": metadata["name"],
        **flat,
        "tags": metadata.get("tags", []),
        "visibility": metadata.get("visibility", "public"),
        "team_id": metadata.get("team"),
        "owner_email": metadata.get("owner"),
        "is_active": enabled,
    }
    match document["kind"]:
        case "Tool" if "recipe" in spec:
            made["integration_type"] = spec["recipe"]["type"].upper()
        case "Tool" if "gateway" not in spec:
            made["integration_type"] = "REST"
        case "Server":
            made["tool_ids"] = spec.get("tools", [])
        case "Prompt":
            made["input_schema"] = _arguments_schema(spec.get("arguments", []))
            made.setdefault("template", _only_text(spec.get("messages", [])))
    return made


def _arguments_schema(arguments: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            each["name"]: {"type": "string", "description": each.get("description", "")}
            for each in arguments
        },
        "required": [each["name"] for each in arguments if each.get("required")],
    }


def _only_text(messages: Sequence[Mapping[str, Any]]) -> str:
    if len(messages) != 1 or messages[0].get("role") != "user":
        return ""
    return str(messages[0]["content"].get("text", ""))


def read_entities(
    entities: object, kinds: Kinds, open: Open, chosen: Mapping[str, Sequence[str]] | None
) -> tuple[list[Item], list[str]]:
    """Items, and warnings of what can not be imported. `chosen` names entities by type, all of a
    type when its list is empty. Raises InvalidCall."""
    if not isinstance(entities, dict):
        raise _wrong("entities", "must be an object with a list for each type")
    by_plural = {shown.plural: kind for kind, shown in kinds.items()}
    items: list[Item] = []
    warnings: list[str] = []
    for plural, found in entities.items():
        if chosen is not None and plural not in chosen:
            continue
        if plural not in by_plural:
            warnings.append(f"{str(plural)[:80]} are not supported: left out")
            continue
        wanted = (chosen or {}).get(plural)
        for at, name, each in _named(found, f"entities.{plural}"):
            if wanted and name not in wanted and each.get("uri") not in wanted:
                continue
            kind = by_plural[plural]
            reason = _skipped(kind, each)
            if reason:
                warnings.append(f"{kind} {name!r} {reason}")
            else:
                items.append(_Reading(kind, name, each, at, kinds, open).item())
    return items, warnings


def _named(found: object, at: str) -> list[tuple[str, str, Entity]]:
    """Each entity of a list with its place and name. Raises InvalidCall."""
    if not isinstance(found, list):
        raise _wrong(at, "must be a list")
    named = []
    for index, each in enumerate(found):
        name = each.get("name") if isinstance(each, dict) else None
        if not isinstance(name, str) or not name.strip():
            raise _wrong(f"{at}[{index}].name", "must be a text, not empty")
        named.append((f"{at}[{index}]", name.strip(), each))
    return named


def _skipped(kind: Kind, entity: Entity) -> str:
    if kind not in ("Tool", "Resource", "Prompt") or "gateway" in entity:
        return ""
    if entity.get("integration_type") in ("MCP", "A2A") or entity.get("gateway_id"):
        return _NOT_OURS
    return _NOT_OURS if entity.get("gateway_name") else ""


class _Reading:
    """One entity to be an item."""

    def __init__(
        self, kind: Kind, name: str, entity: Entity, at: str, kinds: Kinds, open: Open
    ) -> None:
        self._kind = kind
        self._name = name
        self._entity = entity
        self._at = at
        self._kinds = kinds
        self._open = open
        left = _LEFT | (_LEFT_OF_OTHERS if kind in ("Tool", "Agent") else {})
        self._notes = [f"{n}: {why}" for n, why in left.items() if entity.get(n)]

    def item(self) -> Item:
        entity = self._entity
        body = self._body()
        parent = None
        if isinstance(entity.get("gateway"), str):
            original = entity.get("original_name") or entity.get("uri")
            parent = Parent(entity["gateway"], str(original))
        enabled = entity.get("is_active", entity.get("enabled"))
        parse = self._kinds[self._kind].parse
        credentials = self._credentials

        def read(given: Mapping[str, Any], new: bool) -> Any:
            return parse({**given, **credentials()}, new)

        uri = entity.get("uri") or entity.get("uri_template")
        return Item(
            at=self._at,
            kind=self._kind,
            name=self._name,
            key=str(uri) if self._kind in ("Resource", "Root") else self._name,
            body=body,
            parse=read,
            enabled=enabled if isinstance(enabled, bool) else None,
            parent=parent,
            refers=self._held() if self._kind == "Server" else {},
            notes=tuple(self._notes),
            spot=lambda field: f"{self._at}.{snake(field)}",
        )

    def _body(self) -> dict[str, Any]:
        """What there is here of what it says."""
        theirs = {camel(name): value for name, value in self._entity.items()}
        ours = OVER.get(self._kind, ()) if "gateway" in self._entity else FIELDS[self._kind]
        names = (*ours, *(() if "gateway" in self._entity else _MORE))
        if "recipe" in self._entity:
            names = (*names, *_OF_RECIPES)
        body = {name: theirs[name] for name in names if theirs.get(name) is not None}
        if self._sealed and self._auth_kind not in _BY_CALLERS:  # what stands beside is a mask
            body = {name: value for name, value in body.items() if not name.startswith("auth")}
        body |= {"name": self._name, "tags": self._entity.get("tags", [])}
        for name in ("visibility", "team_id", "owner_email"):
            if self._entity.get(name):
                body[name] = self._entity[name]
        match self._kind:
            case "Prompt" if "gateway" not in self._entity:
                body.setdefault("arguments", self._arguments())
                if "messages" in body:
                    body.pop("template", None)
            case "Resource" if "gateway" not in self._entity and not {"content", "blob"} & set(
                body
            ):
                body["content"] = ""
                self._notes.append("the file has no content of it: it is empty, give it one")
        return body

    @property
    def _sealed(self) -> str:
        """What is: ContextForge has parameters of the query string beside."""
        params = self._entity.get("auth_query_params")
        theirs = list(params.values()) if isinstance(params, dict) else []
        texts = [each for each in (self._entity.get("auth_value"), *theirs) if each != MASK]
        return next((each for each in texts if isinstance(each, str) and each), "")

    @property
    def _auth_kind(self) -> str:
        return str(self._entity.get("auth_type") or _nested_kind(self._entity))

    def _arguments(self) -> list[dict[str, Any]]:
        schema = self._entity.get("input_schema")
        if not isinstance(schema, dict) or not isinstance(schema.get("properties"), dict):
            return []
        named = schema.get("required")
        required = named if isinstance(named, list) else []
        return [
            {
                "name": name,
                "description": each.get("description", "") if isinstance(each, dict) else "",
                "required": name in required,
            }
            for name, each in schema["properties"].items()
        ]

    def _held(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for field in HELD:
            for name in _HELD_AS[field]:
                value = self._entity.get(name)
                if isinstance(value, list) and all(isinstance(each, str) for each in value):
                    found[field] = tuple(value)
                    break
        return found

    def _credentials(self) -> Mapping[str, Any]:
        """Raises InvalidCall for what does not open."""
        text = self._sealed
        if not text:
            return {}
        try:
            found = self._open(self._kind, self._name, {**self._entity, "auth_value": text})
        except ValueError as error:
            raise InvalidCall(
                f"auth_value {error}", errors=[FieldProblem("auth_value", str(error), "sealed")]
            ) from None
        fields = dict(as_fields(self._auth_kind, found.headers)) if found.headers else {}
        config = self._entity.get("oauth_config")
        if found.oauth and isinstance(config, dict):
            fields["oauthConfig"] = config | found.oauth
        command = self._entity.get("stdio")
        if found.env and isinstance(command, dict):
            fields["stdio"] = command | {"env": found.env}
        return fields | ({"clientKey": found.key} if found.key else {})


def _nested_kind(entity: Entity) -> str:
    nested = entity.get("auth")
    return str(nested.get("authType")) if isinstance(nested, dict) else ""


def _wrong(field: str, problem: str) -> InvalidCall:
    return InvalidCall(f"{field} {problem}", errors=[FieldProblem(field, problem, "import")])
