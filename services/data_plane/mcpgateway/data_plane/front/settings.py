"""What a front reads from its environment, once, at start."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from mcpgateway.common.runtime import server_tls
from mcpgateway.common.runtime.logs import LEVELS
from mcpgateway.common.runtime.server_tls import TlsFiles
from mcpgateway.common.runtime.settings import (
    boolean,
    choice,
    integer,
    setting,
    some_words,
    subject_token,
    words,
)
from mcpgateway.common.subjects import Subjects
from mcpgateway.data_plane.settings import public_keys

_level: Callable[[str], str] = choice(*LEVELS)


def _addresses(value: str) -> tuple[str, ...]:
    found = words(value)
    for each in found:
        host, _, port = each.rpartition(":")
        if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
            raise ValueError("must be host:port, several separated by commas")
    return found


@dataclass(frozen=True)
class Settings:
    """See each field's `doc`. Of the keys of a group it needs none but these two."""

    routing_keys: tuple[Ed25519PublicKey, ...] = setting(
        "MCPGATEWAY_ROUTING_PUBLIC_KEY",
        public_keys,
        doc="public key that verifies routing deltas and snapshots; several while it changes",
    )
    edge_secrets: tuple[str, ...] = setting(
        "MCPGATEWAY_EDGE_SECRET",
        some_words,
        secret=True,
        doc="by which replicas know a front's requests; the first of several is shown",
    )
    replicas: tuple[str, ...] = setting(
        "MCPGATEWAY_FRONT_REPLICAS",
        _addresses,
        default=(),
        doc="replicas of a front as host:port; a name stands for all its addresses. Not set: those "
        "that share the data folder",
    )
    host: str = setting("HOST", default="127.0.0.1", doc="public address to listen on")
    port: int = setting("PORT", integer(0, 65535), default=4444, doc="public port")
    ssl: bool | None = setting(
        "SSL",
        boolean,
        default=None,
        doc="true: the public port speaks TLS and nothing else. Not set: when CERT_FILE is",
    )
    certificate_file: str = setting(
        "CERT_FILE",
        default="",
        doc="PEM certificate with its chain; certs/cert.pem when SSL is true and it is not set",
    )
    key_file: str = setting(
        "KEY_FILE", default="", doc="PEM key of CERT_FILE; not set: CERT_FILE holds it too"
    )
    key_password: str = setting(
        "KEY_FILE_PASSWORD", default="", secret=True, doc="opens an encrypted KEY_FILE"
    )
    http3: bool = setting(
        "MCPGATEWAY_HTTP3",
        boolean,
        default=False,
        doc="with TLS: HTTP/3 too, on the UDP port of the same number",
    )
    metrics_enabled: bool = setting(
        "ENABLE_METRICS", boolean, default=True, doc="false: /metrics is not served"
    )
    nats_url: str = setting("NATS_URL", default="nats://127.0.0.1:4222", doc="NATS server")
    nats_creds: str = setting(
        "MCPGATEWAY_NATS_CREDS", default="", doc="path of a .creds file for NATS"
    )
    nats_ca: str = setting("MCPGATEWAY_NATS_CA", default="", doc="path of NATS's CA certificate")
    cluster: str = setting(
        "MCPGATEWAY_CLUSTER", subject_token, default="local", doc="name of this cluster"
    )
    group: str = setting(
        "MCPGATEWAY_GROUP", subject_token, default="default", doc="gateway group on this NATS"
    )
    data_dir: Path = setting(
        "MCPGATEWAY_DATA_DIR",
        Path,
        default=Path("data"),
        doc="folder for the last good routing table",
    )
    log_level: str = setting("LOG_LEVEL", _level, default="INFO", doc="least severe level logged")
    log_format: str = setting(
        "LOG_FORMAT", choice("text", "json"), default="text", doc="text or json lines"
    )

    @property
    def tls(self) -> TlsFiles | None:
        """None: the public port speaks plain HTTP/1.1."""
        return server_tls.chosen(self.ssl, self.certificate_file, self.key_file, self.key_password)

    @property
    def subjects(self) -> Subjects:
        return Subjects(self.cluster, self.group)
