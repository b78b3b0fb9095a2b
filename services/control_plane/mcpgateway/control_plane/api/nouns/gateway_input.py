"""Bodies of POST and PUT /gateways. Pure."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, get_args

from msgspec import UNSET, UnsetType

from mcpgateway.common import ids
from mcpgateway.common.policy.passthrough import may_be_passed
from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.nouns.auth_input import HEADER_NAME
from mcpgateway.control_plane.api.nouns.certificate_input import read_certificates
from mcpgateway.control_plane.api.nouns.identity_input import read_propagation
from mcpgateway.control_plane.api.nouns.oauth_input import read_upstream_auth
from mcpgateway.control_plane.api.nouns.shared_input import access, tags, unwrapped
from mcpgateway.control_plane.api.nouns.transport_input import (
    OTHERS,
    needs_url,
    read_transport,
)
from mcpgateway.control_plane.api.nouns.url_input import is_service, read_url
from mcpgateway.control_plane.registry.drafts import UpstreamDraft
from mcpgateway.control_plane.registry.model import DefinitionPolicy, Transport

NAME_LIMIT = 100
_HEADERS = 50
_TRANSPORTS: dict[str, Transport | None] = {
    "SSE": "SSE",
    "STREAMABLEHTTP": "STREAMABLEHTTP",
    "HTTP": "STREAMABLEHTTP",
    "AUTO": None,
    **{each: each for each in OTHERS},
}
_POLICIES: tuple[DefinitionPolicy, ...] = get_args(DefinitionPolicy)
_UNSUPPORTED = {
    "one_time_auth": "credentials are kept, sealed, for refreshes and calls",
    "ca_certificate_sig": "whoever may write the registry's database could write it too",
}


def read_gateway(body: Mapping[str, Any], *, new: bool, now: datetime) -> UpstreamDraft:
    """Raises InvalidCall that names every problem. `now` is aware."""
    fields = Fields(unwrapped(body, "gateway"))
    _refuse_unsupported(fields)
    certificates = read_certificates(fields, now, new=new)
    transport = _transport(fields)
    url = read_url(fields, "url", required=new and needs_url(transport), services=True)
    transport = _of_url(fields, transport, url)
    told = read_transport(fields, transport, new=new)
    draft = UpstreamDraft(
        name=read_name(fields, required=new),
        url=url,
        description=fields.text("description", 8192),
        transport=transport,
        transport_options=told.options,
        document=told.document,
        environment=told.environment,
        auth=read_upstream_auth(fields, new),
        ca_certificate=certificates.ca_certificate,
        identity=certificates.identity,
        passthrough_headers=read_passthrough(fields),
        timeout_ms=fields.integer("timeout_ms", 100, 3_600_000),
        refresh_interval_seconds=fields.integer("refresh_interval_seconds", 10, 86_400),
        definition_policy=fields.choice("definition_policy", _POLICIES),
        identity_propagation=read_propagation(fields),
        tags=tags(fields),
        **access(fields),
    )
    fields.check()
    return draft


def _refuse_unsupported(fields: Fields) -> None:
    for name, instead in _UNSUPPORTED.items():
        fields.unsupported(name, instead)
    if fields.raw("gateway_mode", {"type": "string", "enum": ["cache"]}) not in (UNSET, "cache"):
        fields.problem("gateway_mode", "must be cache", "enum")


def read_name(fields: Fields, *, required: bool) -> str | UnsetType:
    name = fields.filled("name", NAME_LIMIT, required=required)
    if name is not UNSET and not ids.slug(name):
        fields.problem("name", "must hold a letter or a digit: it prefixes tool names", "slug")
        return UNSET
    return name


def _transport(fields: Fields) -> Transport | UnsetType | None:
    """UNSET and AUTO: find out."""
    value = fields.raw("transport", {"type": "string", "enum": [*_TRANSPORTS]})
    if isinstance(value, UnsetType):
        return UNSET
    word = re.sub(r"[-_ ]", "", value).upper() if isinstance(value, str) else ""
    if word not in _TRANSPORTS:
        others = ", ".join(("STREAMABLEHTTP", "SSE", *OTHERS))
        fields.problem("transport", f"must be {others}, or absent to find out", "enum")
        return UNSET
    return _TRANSPORTS[word]


def _of_url(
    fields: Fields, transport: Transport | UnsetType | None, url: str | UnsetType
) -> Transport | UnsetType | None:
    """What a URL says of the transport where nobody else does."""
    if isinstance(url, UnsetType):
        return transport
    service = is_service(url)
    if not transport:
        return "GRPC" if service else transport
    if service is not (transport == "GRPC"):
        right = "grpc://host:port or grpcs://" if transport == "GRPC" else "http:// or https://"
        fields.problem("url", f"must begin with {right} for transport {transport}", "url")
    return transport


def read_passthrough(fields: Fields) -> tuple[str, ...] | UnsetType:
    names = fields.texts("passthrough_headers", _HEADERS, 128)
    if names is UNSET:
        return UNSET
    where = "passthrough_headers"
    for name in names:
        if not HEADER_NAME.fullmatch(name):
            fields.problem(where, f"{name!r} is no header name", "header")
        elif not may_be_passed(name):
            fields.problem(
                where, f"{name!r} is never passed from a client to an upstream", "header"
            )
    return names
