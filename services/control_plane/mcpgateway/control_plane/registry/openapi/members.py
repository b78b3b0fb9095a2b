"""The members of a body that is a plain object, whatever it was put together of. Pure."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from mcpgateway.control_plane.registry.openapi.parts import mapping
from mcpgateway.control_plane.registry.openapi.pointers import Pointers
from mcpgateway.control_plane.registry.openapi.schemas import names_of

MAX_DEPTH = 10  # of what it is put together of
MAX_MEMBERS = 250
_CHOOSES = ("anyOf", "oneOf", "not", "if", "patternProperties", "discriminator", "dependentSchemas")


class Members(NamedTuple):
    """By name, as the document has them."""

    properties: Mapping[str, Any]
    required: frozenset[str]


def members_of(raw: Any, pointers: Pointers, depth: int = 0) -> Members | None:
    """None for what is no object of members that are known by name, or may be null. Raises
    BadPart."""
    schema = pointers.followed(raw)
    if not isinstance(schema, dict) or depth > MAX_DEPTH or _is_else(schema):
        return None
    properties: dict[str, Any] = {}
    required = set(names_of(schema.get("required")))
    several = schema.get("allOf")
    for each in several if isinstance(several, list) else ():
        found = members_of(each, pointers, depth + 1)
        if found is None:
            return None
        properties |= found.properties
        required |= found.required
    properties |= mapping(schema.get("properties"))
    if len(properties) > MAX_MEMBERS or (depth == 0 and not properties):
        return None
    return Members(properties, frozenset(required))


def _is_else(schema: Mapping[str, Any]) -> bool:
    if any(name in schema for name in _CHOOSES) or schema.get("nullable") is True:
        return True
    more = schema.get("additionalProperties")
    return schema.get("type", "object") != "object" or (isinstance(more, dict) and bool(more))
