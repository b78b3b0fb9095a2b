"""The REST operation that a tool of the gateway's own is: what an operator says of it, and what a
replica needs to send it. Pure values; `request` of a tool is this as JSON."""

from typing import Literal

import msgspec

Method = Literal["GET", "POST", "PUT", "DELETE", "PATCH"]


class RestRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`url` is absolute, http or https; `{name}` in its path or query takes the argument of that
    name (RFC 6570, level 1).

    An argument that `query_mapping` names goes into the query under the given name, one of
    `header_mapping` into that header; `{name}` ones into the URL; the rest into the query (GET,
    DELETE) or a JSON object as body. `base_url` and `path_template` are kept as an operator gave
    them; `url` was made of them. `allowlist`: hosts that may be called, none named: the URL's own.
    The last two are the cluster's address policy, which a replica keeps when it connects.
    """

    url: str
    method: Method = "POST"
    headers: dict[str, str] = {}
    query_mapping: dict[str, str] = {}
    header_mapping: dict[str, str] = {}
    base_url: str = ""
    path_template: str = ""
    allowlist: tuple[str, ...] = ()
    expose_passthrough: bool = True
    loopback_allowed: bool = False
    private_allowed: bool = True


_decoder = msgspec.json.Decoder(RestRequest)


def decode(request: bytes) -> RestRequest:
    """Raises msgspec.DecodeError (ValidationError among them)."""
    return _decoder.decode(request)
