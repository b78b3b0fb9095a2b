"""What bodies of several nouns have in common. Pure."""

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET, UnsetType

from mcpgateway.common.errors import FieldProblem, InvalidCall
from mcpgateway.common.routing.model import Visibility
from mcpgateway.control_plane.api.http.fields import Fields

MASK = "*****"  # stands for a secret in answers
_VISIBILITIES: tuple[Visibility, ...] = ("public", "team", "private")
_TAGS = 100
_TAG = 100  # characters


def unwrapped(body: Mapping[str, Any], noun: str) -> Mapping[str, Any]:
    """`{"server": {...}, "visibility": ...}` as `{..., "visibility": ...}`; what is inside wins.

    Raises InvalidCall."""
    inner = body.get(noun)
    if inner is None:
        return body
    if not isinstance(inner, dict):
        raise InvalidCall(
            f"{noun} must be an object", errors=[FieldProblem(noun, "must be an object", "object")]
        )
    return {name: value for name, value in body.items() if name != noun} | inner


def access(fields: Fields) -> dict[str, Any]:
    """visibility, team_id and owner_email."""
    visibility = fields.choice("visibility", _VISIBILITIES)
    team = fields.text("team_id", 255)
    if visibility == "team" and not team:
        fields.problem("team_id", "is required when visibility is team", "missing")
    return {
        "visibility": visibility,
        "team_id": team,
        "owner_email": fields.text("owner_email", 255),
    }


def tags(fields: Fields) -> tuple[str, ...] | UnsetType:
    """Texts, or `{"id", "label"}` objects as answers show them; kept in lower case."""
    found = fields.texts("tags", _TAGS, _TAG, item=_label)
    return found if found is UNSET else tuple(dict.fromkeys(tag.lower() for tag in found))


def _label(tag: object) -> object:
    return tag.get("id") or tag.get("label") if isinstance(tag, dict) else tag
