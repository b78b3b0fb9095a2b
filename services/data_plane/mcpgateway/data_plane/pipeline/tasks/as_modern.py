"""The call of a legacy client as a modern one makes it that takes tasks. Pure."""

import msgspec

from mcpgateway.common.jsonrpc import Params, encode, join_params
from mcpgateway.common.mcp import mirrored_params, tasks, translate
from mcpgateway.data_plane.upstreams.envelopes import envelope_of
from mcpgateway.data_plane.upstreams.request import UpstreamRequest

_EXTENSIONS = msgspec.Raw(encode({tasks.EXTENSION: {}}))
_members = msgspec.json.Decoder(Params)


def as_modern(request: UpstreamRequest) -> UpstreamRequest:
    """It declares what the client can be asked, and tasks, but where results are judged here. That
    of a modern client stays."""
    client = request.client
    if client.era == "modern":
        return msgspec.structs.replace(request, reads=True)
    envelope = envelope_of(request)
    declared = _members.decode(envelope.capabilities)
    if request.tool is None:
        declared["extensions"] = _EXTENSIONS
    envelope = envelope._replace(capabilities=join_params(declared))
    wanted = mirrored_params.wanted(request.definition)
    arguments = request.params.get("arguments", b"{}")
    return msgspec.structs.replace(
        request,
        client=msgspec.structs.replace(
            client, era="modern", revision=envelope.revision, capabilities=envelope.capabilities
        ),
        params=translate.params_to_modern(request.params, envelope),
        headers=(*request.headers, *mirrored_params.lines(wanted, arguments)),
        reads=True,
    )
