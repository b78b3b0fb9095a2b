"""What a request of a legacy client says of it to a modern upstream. Pure."""

from mcpgateway.common.mcp.client_capabilities import abilities, declaration
from mcpgateway.common.mcp.revisions import LATEST_MODERN, is_modern
from mcpgateway.common.mcp.translate import Envelope
from mcpgateway.data_plane.upstreams.request import UpstreamRequest

_UNSAID_LEVEL = "info"


def revision_of(request: UpstreamRequest) -> str:
    """The modern revision that its upstream is known to speak, else the latest."""
    known = request.upstream.protocol_version
    return known if is_modern(known) else LATEST_MODERN


def envelope_of(request: UpstreamRequest) -> Envelope:
    """It declares exactly what the client can be asked."""
    client, revision = request.client, revision_of(request)
    able = abilities(client.capabilities, client.era, client.revision)
    # In a session a legacy client hears log messages until it says which; elsewhere it can not.
    level = client.log_level or (_UNSAID_LEVEL if client.session else "")
    return Envelope(revision, declaration(able, revision), client.info, level)
