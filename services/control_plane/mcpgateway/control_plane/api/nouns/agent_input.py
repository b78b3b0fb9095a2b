"""Bodies of POST and PUT /a2a. Pure."""

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET, UnsetType

from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.nouns.auth_input import OTHER_AUTH, read_auth
from mcpgateway.control_plane.api.nouns.gateway_input import read_passthrough
from mcpgateway.control_plane.api.nouns.shared_input import (
    DESCRIPTION_LIMIT,
    access,
    json_object,
    tags,
    unwrapped,
)
from mcpgateway.control_plane.api.nouns.url_input import read_url
from mcpgateway.control_plane.registry.drafts import AgentDraft

NAME_LIMIT = 255
_WORD = 64  # characters of a type or version


def read_agent(body: Mapping[str, Any], *, new: bool) -> AgentDraft:
    """Raises InvalidCall that names every problem."""
    fields = Fields(unwrapped(body, "agent"))
    for name, instead in OTHER_AUTH.items():
        fields.unsupported(name, instead)
    fields.unsupported("generate_uaid", "agents are named by their slug")
    draft = AgentDraft(
        name=fields.filled("name", NAME_LIMIT, required=new),
        slug=fields.text("slug", NAME_LIMIT),
        description=fields.text("description", DESCRIPTION_LIMIT),
        endpoint_url=read_url(fields, "endpoint_url", required=new),
        agent_type=fields.filled("agent_type", _WORD, required=False),
        protocol_version=fields.filled("protocol_version", _WORD, required=False),
        agent_version=_version(fields),
        capabilities=json_object(fields, "capabilities"),
        config=json_object(fields, "config"),
        passthrough_headers=read_passthrough(fields),
        auth=read_auth(fields, new),
        tags=tags(fields),
        **access(fields),
    )
    fields.check()
    return draft


def _version(fields: Fields) -> str | UnsetType:
    """In bodies `version` is the agent's; a number is what answers show under that name, which
    counts edits."""
    said = fields.filled("agent_version", _WORD, required=False)
    counted = fields.raw("version", {"type": "integer"})
    if said is not UNSET or (isinstance(counted, int) and not isinstance(counted, bool)):
        return said
    return fields.filled("version", _WORD, required=False)
