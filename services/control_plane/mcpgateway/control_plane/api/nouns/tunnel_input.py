"""What a body of /gateways says of a gateway that is served through a tunnel: nothing but what it
is called. Pure."""

from msgspec import UNSET

from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.nouns.transport_told import TransportInput


def read_tunnel(fields: Fields, new: bool) -> TransportInput:
    """`tunnel` may be there as it is shown: empty."""
    if new and fields.raw("url") not in (UNSET, ""):
        fields.problem("url", "has no effect with transport TUNNEL: whoever serves it dials", "url")
    said = fields.mapping("tunnel")
    if said is not UNSET and said:
        fields.problem("tunnel", "takes no members", "tunnel")
    return TransportInput()
