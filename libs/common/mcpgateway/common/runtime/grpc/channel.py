"""Opens channels: to addresses that the policy judged, named as the URL names the host.

gRPC resolves no names and goes through no proxy here; TLS verifies the name of the URL.
"""

import asyncio
import ssl
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

import grpc
import grpc.aio
from typing_extensions import override

from mcpgateway.common.errors import UpstreamUnreachable
from mcpgateway.common.runtime.http.client import Origin
from mcpgateway.common.runtime.http.dial import Dialer
from mcpgateway.common.runtime.http.tls import client_context

MAX_MESSAGE = 8 * 1024 * 1024  # bytes, either way
MAX_METADATA = 64 * 1024  # bytes of an answer's
PORT = 50051  # of a URL without one

_OPTIONS: tuple[tuple[str, int | str], ...] = (
    ("grpc.enable_http_proxy", 0),
    ("grpc.service_config_disable_resolution", 1),
    ("grpc.use_local_subchannel_pool", 1),  # what is closed is closed, shared with nobody
    ("grpc.max_receive_message_length", MAX_MESSAGE),
    ("grpc.max_send_message_length", MAX_MESSAGE),
    ("grpc.absolute_max_metadata_size", MAX_METADATA),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 5000),  # also how long one try of connecting may take
    ("grpc.max_reconnect_backoff_ms", 5000),
    ("grpc.client_idle_timeout_ms", 300_000),
    ("grpc.primary_user_agent", "mcpgateway"),
)


class Pem(NamedTuple):
    """How a channel is secured: the only issuers believed ("" the system's), and the certificate
    shown with its key ("" none)."""

    ca: str = ""
    cert: str = ""
    key: str = ""


def origin_of(url: str) -> Origin:
    """Of `grpc://host:port` or `grpcs://host:port`; what else is in it counts for nothing. Raises
    UpstreamUnreachable."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or PORT
    except ValueError as error:
        raise UpstreamUnreachable(f"{url!r} is no URL of a gRPC service: {error}") from error
    if parts.scheme not in ("grpc", "grpcs") or not host:
        raise UpstreamUnreachable(
            f"{url!r} is no URL of a gRPC service: grpc://host:port or grpcs://host:port was right"
        )
    return Origin(parts.scheme, host, port)


async def addresses(dialer: Dialer, origin: Origin, timeout: float) -> list[str]:
    """Those that a channel is to use, the first one answering: it is connected to, within `timeout`
    seconds, and left again. gRPC takes addresses of one family only, and would say less of why
    none answers. Raises UpstreamUnreachable, UpstreamTimeout."""
    dialed = await dialer.connect(origin, _Left, timeout)
    found = await dialer.addresses(origin)
    first = dialed.address
    others = [each for each in found if each != first and (":" in each) is (":" in first)]
    return [first, *others]


async def open_channel(
    origin: Origin, addresses: Sequence[str], pem: Pem | None = None
) -> grpc.aio.Channel:
    """To be closed by whoever asked for it. Nothing is sent before the first call. Raises
    UpstreamUnreachable for certificates that can not be used."""
    target = _target(addresses, origin.port)
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    named = ("grpc.default_authority", f"{host}:{origin.port}")
    if origin.scheme == "grpc":
        return grpc.aio.insecure_channel(target, options=(*_OPTIONS, named))
    credentials = await asyncio.to_thread(_credentials, pem or Pem())
    verified = ("grpc.ssl_target_name_override", origin.host)
    return grpc.aio.secure_channel(target, credentials, options=(*_OPTIONS, named, verified))


class _Left(asyncio.Protocol):
    """Leaves as soon as it is connected."""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


def _target(addresses: Sequence[str], port: int) -> str:
    if ":" in addresses[0]:
        return "ipv6:" + ",".join(f"[{each}]:{port}" for each in addresses)
    return "ipv4:" + ",".join(f"{each}:{port}" for each in addresses)


def _credentials(pem: Pem) -> grpc.ChannelCredentials:
    try:
        client_context(pem.ca, pem.cert, pem.key)  # gRPC itself would say nothing of what is wrong
    except (ssl.SSLError, ValueError) as error:
        cause = getattr(error, "reason", None) or error
        said = f"the certificates registered for it can not be used: {cause}"
        raise UpstreamUnreachable(said) from error
    roots = pem.ca.encode() if pem.ca else _system_roots()
    if not pem.cert:
        return grpc.ssl_channel_credentials(roots)
    return grpc.ssl_channel_credentials(roots, pem.key.encode(), pem.cert.encode())


def _system_roots() -> bytes | None:
    """Those that HTTP believes, too (SSL_CERT_FILE); None, which are gRPC's own, where the system
    has no such file."""
    found = ssl.create_default_context().get_ca_certs(binary_form=True)
    return "".join(map(ssl.DER_cert_to_PEM_cert, found)).encode() or None
