"""/a2a: A2A agents, as far as they are kept."""

from mcpgateway.control_plane.api.nouns.agent_input import read_agent
from mcpgateway.control_plane.api.nouns.noun import Noun
from mcpgateway.control_plane.api.nouns.render import Json, auth, common
from mcpgateway.control_plane.registry import agents
from mcpgateway.control_plane.registry.drafts import AgentDraft
from mcpgateway.control_plane.registry.model import Agent
from mcpgateway.control_plane.registry.ports import Reader


def noun(read: Reader) -> Noun[Agent, AgentDraft]:
    return Noun(
        name="a2a",
        what="agent",
        kind=None,
        read=read.agents,
        key=lambda row: row.name,
        show=shown,
        parse=lambda body, new: read_agent(body, new=new),
        acts=agents,
        created=201,
        array="agents",
    )


def shown(row: Agent) -> Json:
    return {
        "id": row.id,
        "name": row.name,
        "slug": row.slug,
        "description": row.description,
        "endpointUrl": row.endpoint_url,
        "agentType": row.agent_type,
        "protocolVersion": row.protocol_version,
        "agentVersion": row.agent_version,
        "capabilities": row.capabilities,
        "config": row.config,
        "enabled": row.enabled,
        "reachable": True,
        "lastInteraction": None,
        "metrics": None,
        "passthroughHeaders": list(row.passthrough_headers) or None,
        **auth(row.auth),
        "uaid": None,
        "uaidRegistry": None,
        "uaidProto": None,
        "uaidNativeId": None,
        **common(row),
    }
