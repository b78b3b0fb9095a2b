"""Bodies of POST and PUT /servers. Pure."""

from collections.abc import Mapping
from typing import Any, get_args

from msgspec import UNSET, UnsetType

from mcpgateway.common import ids
from mcpgateway.common.mcp.revisions import SUPPORTED
from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.nouns.shared_input import access, tags, unwrapped
from mcpgateway.control_plane.registry.drafts import ServerDraft
from mcpgateway.control_plane.registry.model import Discovery, Naming

NAME_LIMIT = 255
ITEMS = 10_000  # of one kind in a server
_NAMINGS: tuple[Naming, ...] = ("prefixed", "original")
_DISCOVERIES: tuple[Discovery, ...] = get_args(Discovery)
_ASSOCIATED = {
    "tools": "associated_tools",
    "prompts": "associated_prompts",
    "resources": "associated_resources",
    "agents": "associated_a2a_agents",
}


def read_server(body: Mapping[str, Any], *, new: bool) -> ServerDraft:
    """Raises InvalidCall that names every problem."""
    fields = Fields(unwrapped(body, "server"))
    draft = ServerDraft(
        id=_id(fields) if new else UNSET,
        name=fields.filled("name", NAME_LIMIT, required=new),
        description=fields.text("description", 8192),
        icon=fields.text("icon", 2048),
        naming=fields.choice("naming", _NAMINGS),
        discovery=fields.choice("discovery", _DISCOVERIES),
        anonymous_access=fields.boolean("anonymous_access"),
        protocol_versions=_revisions(fields),
        oauth_enabled=fields.boolean("oauth_enabled"),
        oauth_config=fields.mapping("oauth_config"),
        tags=tags(fields),
        fields={noun: fields.spelled(name) for noun, name in _ASSOCIATED.items()},
        tools=_items(fields, _ASSOCIATED["tools"]),
        prompts=_items(fields, _ASSOCIATED["prompts"]),
        resources=_items(fields, _ASSOCIATED["resources"]),
        agents=_items(fields, _ASSOCIATED["agents"]),
        **access(fields),
    )
    fields.check()
    return draft


def _id(fields: Fields) -> str | UnsetType:
    text = fields.text("id", 36)
    if text is UNSET:
        return UNSET
    id = ids.as_id(text)
    if id is None:
        fields.problem("id", "must be 32 hexadecimal digits, or a UUID", "id")
        return UNSET
    return id


def _revisions(fields: Fields) -> tuple[str, ...] | UnsetType:
    """The newest first."""
    found = fields.texts("protocol_versions", len(SUPPORTED), 32)
    if found is UNSET:
        return UNSET
    for text in found:
        if text not in SUPPORTED:
            known = ", ".join(SUPPORTED)
            fields.problem("protocol_versions", f"{text!r} is none of {known}", "enum")
    return tuple(each for each in SUPPORTED if each in found)


def _items(fields: Fields, name: str) -> tuple[str, ...] | UnsetType:
    found = fields.texts(name, ITEMS, 255)
    if found is UNSET:
        return UNSET
    return tuple(dict.fromkeys(ids.as_id(text) or text for text in found))
