"""The REST operation that a tool of the gateway's own is: what an operator says of it, and what a
replica needs to send it. Pure values; `request` of a tool is this as JSON. What it must be to be
called, `common.rest.rules` says."""

from typing import Literal

import msgspec

from mcpgateway.common.routing.model import Tool

Method = Literal["GET", "POST", "PUT", "DELETE", "PATCH"]

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
BODY_TYPES = (JSON, FORM)
_REPEATABLE = frozenset(("GET", "PUT", "DELETE"))  # RFC 9110, 9.2.2


class RestRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`url` is absolute, http or https; `{name}` in its path or query takes the argument of that
    name (RFC 6570, level 1).

    An argument that `query_mapping` names goes into the query under the given name, one of
    `header_mapping` into that header; `{name}` ones into the URL; the rest into the query (GET,
    DELETE) or a JSON object as body (a form, where `headers` has that Content-Type). `base_url` and
    `path_template` are kept as an operator gave them; `url` was made of them. `allowlist`: hosts
    that may be called, none named: the URL's own. `passthrough_headers`: header lines of the client
    that are sent on, unless `expose_passthrough` is false. The last two are the cluster's address
    policy, which a replica keeps when it connects.
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
    passthrough_headers: tuple[str, ...] = ()
    loopback_allowed: bool = False
    private_allowed: bool = True


_decoder = msgspec.json.Decoder(RestRequest)


def decode(request: bytes) -> RestRequest:
    """Raises msgspec.DecodeError (ValidationError among them)."""
    return _decoder.decode(request)


def body_type(request: RestRequest) -> str:
    """The media type of its body, without parameters."""
    for name, value in request.headers.items():
        if name.lower() == "content-type":
            return value.partition(";")[0].strip().lower()
    return JSON


def repeatable(request: RestRequest) -> bool:
    """Whether sending it twice is the same as once."""
    return request.method in _REPEATABLE


def harmless(tool: Tool) -> bool:
    """Whether a call of a tool may be sent twice: by its own word, or by its HTTP method."""
    if tool.read_only or tool.idempotent:
        return True
    if not tool.request:
        return False
    try:
        return repeatable(decode(tool.request))
    except msgspec.DecodeError:
        return False
