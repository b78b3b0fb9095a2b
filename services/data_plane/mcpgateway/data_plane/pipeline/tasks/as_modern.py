"""The call of a legacy client as a modern one makes it that takes tasks. Pure."""

import msgspec

from mcpgateway.common.jsonrpc import Params, encode, join_params
from mcpgateway.common.mcp import mirrored_params, tasks, translate
from mcpgateway.common.mcp.client_capabilities import abilities, declaration
from mcpgateway.common.mcp.revisions import LATEST_MODERN, is_modern
from mcpgateway.data_plane.upstreams.request import UpstreamRequest

_UNSAID_LEVEL = "info"
_EXTENSIONS = msgspec.Raw(encode({tasks.EXTENSION: {}}))
_members = msgspec.json.Decoder(Params)


def as_modern(request: UpstreamRequest) -> UpstreamRequest:
    """It declares what the client can be asked, and tasks. That of a modern client stays."""
    client = request.client
    if client.era == "modern":
        return msgspec.structs.replace(request, reads=True)
    known = request.upstream.protocol_version
    revision = known if is_modern(known) else LATEST_MODERN
    able = abilities(client.capabilities, client.era, client.revision)
    declared = {**_members.decode(declaration(able, revision)), "extensions": _EXTENSIONS}
    capabilities = join_params(declared)
    level = client.log_level or (_UNSAID_LEVEL if client.session else "")
    envelope = translate.Envelope(revision, capabilities, client.info, level)
    wanted = mirrored_params.wanted(request.definition)
    arguments = request.params.get("arguments", b"{}")
    return msgspec.structs.replace(
        request,
        client=msgspec.structs.replace(
            client, era="modern", revision=revision, capabilities=capabilities
        ),
        params=translate.params_to_modern(request.params, envelope),
        headers=(*request.headers, *mirrored_params.lines(wanted, arguments)),
        reads=True,
    )
