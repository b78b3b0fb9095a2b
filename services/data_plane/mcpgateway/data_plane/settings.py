"""What a data plane reads from its environment, once, at start."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from mcpgateway.common import seal
from mcpgateway.common.keys import DataPlaneKeys
from mcpgateway.common.policy.addresses import AddressPolicy
from mcpgateway.common.policy.scraping import LOOPBACK_NETWORKS, Scraping
from mcpgateway.common.runtime import server_tls
from mcpgateway.common.runtime.http.client import PoolLimits, Timeouts
from mcpgateway.common.runtime.logs import LEVELS
from mcpgateway.common.runtime.server_tls import TlsFiles
from mcpgateway.common.runtime.settings import (
    Network,
    base_url,
    boolean,
    choice,
    header_name,
    integer,
    networks,
    networks_or_none,
    seconds,
    setting,
    some_words,
    subject_token,
    words,
)
from mcpgateway.common.runtime.web_settings import WebSettings
from mcpgateway.common.subjects import Subjects
from mcpgateway.data_plane.embedding_settings import EmbeddingSettings


def public_keys(value: str) -> tuple[Ed25519PublicKey, ...]:
    try:
        return tuple(
            Ed25519PublicKey.from_public_bytes(seal.from_text(word)) for word in some_words(value)
        )
    except seal.SealError as error:
        raise ValueError("must be base64url texts of Ed25519 public keys") from error


def _origins(value: str) -> tuple[str, ...]:
    """Comma-separated, or a JSON array of strings as ContextForge writes it."""
    return words(value.strip("[]").replace('"', ""))


_level: Callable[[str], str] = choice(*LEVELS)


@dataclass(frozen=True)
class Settings(WebSettings, EmbeddingSettings):
    """See each field's `doc`."""

    keys: DataPlaneKeys = setting(
        "MCPGATEWAY_DATA_PLANE_KEY",
        DataPlaneKeys.parse,
        secret=True,
        doc="keys derived from AUTH_ENCRYPTION_SECRET for one group's data planes",
    )
    routing_keys: tuple[Ed25519PublicKey, ...] = setting(
        "MCPGATEWAY_ROUTING_PUBLIC_KEY",
        public_keys,
        doc="public key that verifies routing deltas and snapshots; several while it changes",
    )
    edge_secrets: tuple[str, ...] = setting(
        "MCPGATEWAY_EDGE_SECRET",
        some_words,
        secret=True,
        doc="by which control plane and admin know a data plane's forwarded requests; the first of "
        "several is shown",
    )
    host: str = setting("HOST", default="127.0.0.1", doc="public address to listen on")
    port: int = setting("PORT", integer(0, 65535), default=4444, doc="public port")
    fronted: bool = setting(
        "MCPGATEWAY_FRONTED",
        boolean,
        default=False,
        doc="true: a front has the public address; listen on a loopback port only",
    )
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
    control_plane_url: str = setting(
        "MCPGATEWAY_CONTROL_PLANE_URL",
        base_url,
        default="http://127.0.0.1:4445",
        doc="where requests for the control plane are forwarded",
    )
    admin_url: str = setting(
        "MCPGATEWAY_ADMIN_URL",
        base_url,
        default="http://127.0.0.1:4446",
        doc="where requests for the admin service are forwarded",
    )
    trusted_proxies: tuple[Network, ...] = setting(
        "MCPGATEWAY_TRUSTED_PROXIES",
        networks,
        default=(),
        doc="networks whose X-Forwarded-* headers are believed",
    )
    allowed_networks: tuple[Network, ...] = setting(
        "SSRF_ALLOWED_NETWORKS",
        networks,
        default=(),
        doc="networks to call all the same",
    )
    blocked_networks: tuple[Network, ...] = setting(
        "SSRF_BLOCKED_NETWORKS",
        networks,
        default=(),
        doc="networks never to call",
    )
    allowed_origins: tuple[str, ...] = setting(
        "ALLOWED_ORIGINS",
        _origins,
        default=(),
        doc="web origins that may call; * for any; loopback names need no entry",
    )
    cors_credentials: bool = setting(
        "CORS_ALLOW_CREDENTIALS",
        boolean,
        default=True,
        doc="pages of ALLOWED_ORIGINS may send cookies; with * never",
    )
    identity_secret: str = setting(
        "IDENTITY_PROPAGATION_SECRET",
        default="",
        secret=True,
        doc="signs how callers are named to upstreams (HMAC-SHA256); empty: nothing is signed",
    )
    public_url: str = setting(
        "MCPGATEWAY_PUBLIC_URL",
        base_url,
        default="",
        doc="address by which clients reach the gateway; empty: as each request says",
    )
    auth_header: str = setting(
        "AUTH_HEADER_NAME",
        header_name,
        default="authorization",
        doc="header that carries credentials; another one than Authorization takes its place",
    )
    proxy_auth: bool = setting(
        "TRUST_PROXY_AUTH",
        boolean,
        default=False,
        doc="true: a proxy of MCPGATEWAY_TRUSTED_PROXIES names the caller in PROXY_USER_HEADER",
    )
    proxy_user_header: str = setting(
        "PROXY_USER_HEADER",
        header_name,
        default="x-authenticated-user",
        doc="header in which such a proxy names the caller, who must be a user of the gateway",
    )
    auth_required: bool = setting(
        "AUTH_REQUIRED",
        boolean,
        default=True,
        doc="false: calls without credentials are made as the platform administrator",
    )
    platform_admin: str = setting(
        "PLATFORM_ADMIN_EMAIL",
        default="admin@example.com",
        doc="who calls when authentication is switched off",
    )
    question_timeout: float = setting(
        "MCPGATEWAY_ELICITATION_TIMEOUT",
        seconds(1, 86400),
        default=300.0,
        doc="seconds for which a client may answer what an upstream, or its own user, asks it",
    )
    task_after: float = setting(
        "MCPGATEWAY_TASK_AFTER",
        seconds(0, 3600),
        default=5.0,
        doc="seconds after which a call goes on as a task, for clients that take one; 0: never,"
        " and no tasks are kept",
    )
    task_ttl: float = setting(
        "MCPGATEWAY_TASK_TTL",
        seconds(60, 82800),
        default=3600.0,
        doc="seconds for which the gateway keeps such a task and its result",
    )
    keep_alive_enabled: bool = setting(
        "SSE_KEEPALIVE_ENABLED",
        boolean,
        default=True,
        doc="send comments on silent event streams, so that nobody takes them for dead",
    )
    keep_alive_interval: float = setting(
        "SSE_KEEPALIVE_INTERVAL",
        seconds(1, 3600),
        default=30.0,
        doc="seconds between two such comments",
    )
    websockets: bool = setting(
        "MCPGATEWAY_WS_RELAY_ENABLED",
        boolean,
        default=False,
        doc="true: serve WebSocket at /ws and /servers/{id}/ws, on the same port",
    )
    websocket_ping_interval: float = setting(
        "WEBSOCKET_PING_INTERVAL",
        seconds(1, 3600),
        default=30.0,
        doc="seconds between two pings on a WebSocket; a client silent after two is dropped",
    )
    max_table_age: float = setting(
        "MCPGATEWAY_MAX_TABLE_AGE",
        seconds(0, 30 * 86400),
        default=0.0,
        doc="seconds without news of the routing table after which /ready fails; 0: never",
    )
    connect_timeout: float = setting(
        "HTTPX_CONNECT_TIMEOUT",
        seconds(0.1, 60),
        default=5.0,
        doc="seconds for a connection to an upstream: name, TCP and TLS",
    )
    idle_timeout: float = setting(
        "HTTPX_READ_TIMEOUT",
        seconds(0.1, 86400),
        default=300.0,
        doc="seconds of silence within an upstream's answer, or while it takes no request body",
    )
    busy_timeout: float = setting(
        "HTTPX_POOL_TIMEOUT",
        seconds(0, 3600),
        default=10.0,
        doc="seconds that a call waits while all connections to its upstream are busy",
    )
    total_timeout: float = setting(
        "MCPGATEWAY_UPSTREAM_TOTAL_TIMEOUT",
        seconds(0, 30 * 86400),
        default=0.0,
        doc="seconds for a whole request to an upstream, with its answer; 0: no limit",
    )
    upstream_connections: int = setting(
        "MCPGATEWAY_UPSTREAM_CONNECTIONS",
        integer(1, 100_000),
        default=256,
        doc="connections of one replica to one upstream's host and port",
    )
    upstream_waiters: int = setting(
        "MCPGATEWAY_UPSTREAM_WAITERS",
        integer(0, 1_000_000),
        default=1024,
        doc="calls of one replica that wait for a connection to one upstream; one more: 503",
    )
    render_timeout: float = setting(
        "PROMPT_RENDER_TIMEOUT",
        seconds(0.1, 60),
        default=1.0,
        doc="seconds that the templates of one prompt or resource may take to be filled",
    )
    max_prompt: int = setting(
        "MAX_PROMPT_SIZE",
        integer(1024, 16 * 1024 * 1024),
        default=1024 * 1024,
        doc="characters that may come of the templates of one prompt or resource",
    )
    filter_timeout: float = setting(
        "JQ_FILTER_TIMEOUT_SECONDS",
        seconds(0.1, 60),
        default=2.0,
        doc="seconds that the filter (jq, JSONPath) of one result may take, or an elaborate schema",
    )
    filter_processes: int = setting(
        "JQ_FILTER_WORKERS",
        integer(1, 64),
        default=2,
        doc="processes of one replica that filter results, started when they are needed",
    )
    skip_tls_verify: bool = setting(
        "SKIP_SSL_VERIFY",
        boolean,
        default=False,
        doc="true: believe any certificate of an upstream that has no ca_certificate",
    )
    metrics_enabled: bool = setting(
        "ENABLE_METRICS", boolean, default=True, doc="false: /metrics is not served"
    )
    metrics_networks: tuple[Network, ...] = setting(
        "MCPGATEWAY_METRICS_NETWORKS",
        networks_or_none,
        default=LOOPBACK_NETWORKS,
        doc="networks whose peers may read /metrics without a token, or none",
    )
    metrics_token: str = setting(
        "MCPGATEWAY_METRICS_TOKEN",
        default="",
        secret=True,
        doc="bearer token that may read /metrics from anywhere, beside administrators' own",
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
    def keep_alive(self) -> float:
        """Seconds between two comments on a silent event stream; 0 for none."""
        return self.keep_alive_interval if self.keep_alive_enabled else 0.0

    @property
    def websocket_pings(self) -> float | None:
        """Seconds between two pings; None: there are no WebSockets."""
        return self.websocket_ping_interval if self.websockets else None

    @property
    def tls(self) -> TlsFiles | None:
        """None: the public port speaks plain HTTP/1.1."""
        return server_tls.chosen(self.ssl, self.certificate_file, self.key_file, self.key_password)

    @property
    def door_tls(self) -> TlsFiles | None:
        """`tls`, where this replica itself has the public port."""
        return None if self.fronted else self.tls

    @property
    def scraping(self) -> Scraping:
        """Who may read metrics without being an administrator."""
        return Scraping(self.metrics_networks, self.metrics_token)

    @property
    def addresses(self) -> AddressPolicy:
        """What holds for the addresses of all upstreams; the routing table says the rest."""
        return AddressPolicy(allow=self.allowed_networks, deny=self.blocked_networks)

    @property
    def upstream_timeouts(self) -> Timeouts:
        """But for the first byte, which is each upstream's own."""
        return Timeouts(
            connect=self.connect_timeout,
            idle=self.idle_timeout,
            total=self.total_timeout or None,
            busy=self.busy_timeout,
        )

    @property
    def upstream_limits(self) -> PoolLimits:
        return PoolLimits(self.upstream_connections, self.upstream_waiters)

    @property
    def subjects(self) -> Subjects:
        return Subjects(self.cluster, self.group)
