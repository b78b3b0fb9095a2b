"""Bodies of POST and PUT /admin/grpc, in ContextForge's words. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import UNSET, UnsetType

from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.nouns.auth_input import is_settable
from mcpgateway.control_plane.api.nouns.certificate_input import read_certificates
from mcpgateway.control_plane.api.nouns.gateway_input import read_name
from mcpgateway.control_plane.api.nouns.grpc_input import read_grpc
from mcpgateway.control_plane.api.nouns.shared_input import MASK, access, tags
from mcpgateway.control_plane.api.nouns.transport_told import TransportInput
from mcpgateway.control_plane.api.nouns.url_input import URL_LIMIT, service_problem
from mcpgateway.control_plane.registry.drafts import NewAuth, UpstreamDraft
from mcpgateway.control_plane.registry.grpc_services import ServiceDraft
from mcpgateway.control_plane.registry.model import Auth

_MEMBERS = 50
_VALUE = 16 * 1024  # characters
_METADATA = {"type": "object", "additionalProperties": {"type": "string", "maxLength": _VALUE}}
_PEM = "the file would be the gateway's own; give the PEM itself in {}"


def read_service(body: Mapping[str, Any], *, new: bool, now: datetime) -> ServiceDraft:
    """Raises InvalidCall that names every problem. `now` is aware."""
    fields = Fields(body)
    fields.unsupported("tls_cert_path", _PEM.format("client_cert, or ca_certificate"))
    fields.unsupported("tls_key_path", _PEM.format("client_key"))
    certificates = read_certificates(fields, now, new=new)
    told = _told(fields, new)
    draft = UpstreamDraft(
        name=read_name(fields, required=new),
        description=fields.text("description", 8192),
        transport="GRPC",
        transport_options=told.options,
        document=told.document,
        auth=_metadata(fields, new),
        ca_certificate=certificates.ca_certificate,
        identity=certificates.identity,
        timeout_ms=fields.integer("timeout_ms", 100, 3_600_000),
        tags=tags(fields),
        **access(fields),
    )
    target, tls = _target(fields, new), fields.boolean("tls_enabled")
    fields.check()
    return ServiceDraft(upstream=draft, target=target, tls=tls)


def _told(fields: Fields, new: bool) -> TransportInput:
    """`grpc`, as in bodies of /gateways; `reflection_enabled` is a word for a member of it."""
    reflection = fields.boolean("reflection_enabled")
    if reflection is False and fields.raw("grpc") is UNSET:
        problem = "may be false only with grpc.descriptors, which say what the service has"
        fields.problem("reflection_enabled", problem, "missing")
    return read_grpc(fields, new)


def _target(fields: Fields, new: bool) -> str | UnsetType:
    target = fields.filled("target", URL_LIMIT, required=new)
    if not isinstance(target, UnsetType) and service_problem(f"grpc://{target}"):
        fields.problem("target", "must be host:port", "target")
        return UNSET
    return target


def _metadata(fields: Fields, new: bool) -> NewAuth | UnsetType | None:
    """Sent with every call, and kept as credentials are: answers show no value."""
    said = fields.raw("grpc_metadata", _METADATA)
    if isinstance(said, UnsetType):
        return UNSET
    if not isinstance(said, dict) or len(said) > _MEMBERS:
        problem = f"must be an object of at most {_MEMBERS} strings"
        fields.problem("grpc_metadata", problem, "object")
        return UNSET
    masked = [name for name, value in said.items() if value == MASK]
    if masked and (new or len(masked) < len(said)):
        problem = f"must hold the values themselves, not {MASK}: all of them, or none"
        fields.problem("grpc_metadata", problem, "masked")
    if masked:
        return UNSET
    if not all(_good(name, value) for name, value in said.items()):
        problem = "needs names that the gateway does not set itself, and printable ASCII values"
        fields.problem("grpc_metadata", problem, "metadata")
        return UNSET
    lines = tuple(said.items())
    return NewAuth(Auth("authheaders", headers=tuple(said)), lines) if lines else None


def _good(name: str, value: object) -> bool:
    if not isinstance(value, str) or len(value) > _VALUE:
        return False
    return is_settable(name) and value.isascii() and value.isprintable()
