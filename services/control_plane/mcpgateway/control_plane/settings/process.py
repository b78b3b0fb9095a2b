"""The control plane's settings, read once from the environment by `__main__`."""

from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec

from mcpgateway.common import keys
from mcpgateway.common.jws import ALGORITHMS
from mcpgateway.common.policy.addresses import AddressPolicy, is_loopback
from mcpgateway.common.policy.root_uris import RootPolicy
from mcpgateway.common.policy.scraping import LOOPBACK_NETWORKS, Scraping
from mcpgateway.common.runtime.logs import LEVELS
from mcpgateway.common.runtime.settings import (
    Network,
    base_url,
    boolean,
    choice,
    file_content,
    integer,
    networks,
    networks_or_none,
    seconds,
    setting,
    subject_token,
    words,
)
from mcpgateway.control_plane.settings.accounts import AccountSettings
from mcpgateway.control_plane.settings.oauth_server import OAuthServerSettings
from mcpgateway.control_plane.settings.runners import RunnerSettings
from mcpgateway.control_plane.settings.sso import SsoSettings
from mcpgateway.control_plane.settings.teams import TeamSettings
from mcpgateway.control_plane.settings.upstream_auth import UpstreamAuthSettings

_NOT_HERE = {
    "sqlite": "sqlite is understood by `mcpgateway up` only, which keeps PostgreSQL beside it",
    "mysql": "MySQL is not supported: the registry needs PostgreSQL 14 or newer",
    "mariadb": "MariaDB is not supported: the registry needs PostgreSQL 14 or newer",
}


def database_url(text: str) -> str:
    """`postgresql+psycopg://` and the like become `postgresql://`. Raises ValueError, which never
    shows the URL: it may hold a password."""
    scheme, separator, rest = text.strip().partition("://")
    dialect = scheme.partition("+")[0].lower()
    if dialect in _NOT_HERE:
        raise ValueError(f"can not be used: {_NOT_HERE[dialect]}")
    if dialect not in ("postgres", "postgresql") or not separator:
        raise ValueError("must look like postgresql://user:password@host:5432/database")
    url = f"postgresql://{rest}"
    try:
        parts = urlsplit(url)
        named = parts.port or parts.hostname or "host=" in parts.query
    except ValueError:
        raise ValueError("has a port that is no number from 1 to 65535") from None
    if not named:
        raise ValueError("names no host")
    return url


def listed(text: str) -> tuple[str, ...]:
    """A comma-separated list, or a JSON array of strings. Raises ValueError."""
    if not text.strip().startswith("["):
        return words(text)
    try:
        return tuple(msgspec.json.decode(text, type=list[str]))
    except msgspec.DecodeError:
        raise ValueError("must be a JSON array of strings, or a comma-separated list") from None


def name_or_none(text: str) -> str:
    """A name; `none` is no name."""
    name = text.strip()
    return "" if name.lower() == "none" else name


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(
    AccountSettings,
    OAuthServerSettings,
    RunnerSettings,
    SsoSettings,
    TeamSettings,
    UpstreamAuthSettings,
):
    host: str = setting("HOST", default="127.0.0.1", doc="address to listen on")
    port: int = setting("PORT", integer(0, 65535), default=4445, doc="port to listen on")
    public_host: str = setting(
        "MCPGATEWAY_PUBLIC_HOST", default="", doc="where data planes listen; HOST when empty"
    )
    public_port: int = setting(
        "MCPGATEWAY_PUBLIC_PORT",
        integer(0, 65535),
        default=0,
        doc="port of data planes on this machine, where no upstream can be; 0: none",
    )
    public_url: str = setting(
        "MCPGATEWAY_PUBLIC_URL",
        base_url,
        default="",
        doc="address by which clients reach the gateway; empty: as each request says",
    )
    log_level: str = setting("LOG_LEVEL", choice(*LEVELS), default="INFO", doc="least level logged")
    log_format: str = setting("LOG_FORMAT", choice("text", "json"), default="text", doc="log lines")
    cluster: str = setting(
        "MCPGATEWAY_CLUSTER", subject_token, default="local", doc="name of this cluster"
    )
    group: str = setting(
        "MCPGATEWAY_GROUP", subject_token, default="default", doc="name of the gateway group"
    )
    environment: str = setting("ENVIRONMENT", default="development", doc="`env` claim of tokens")

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

    database: str = setting("DATABASE_URL", database_url, doc="PostgreSQL URL", secret=True)
    direct_database: str = setting(
        "DATABASE_DIRECT_URL",
        database_url,
        default="",
        doc="PostgreSQL URL that passes by a transaction pooler; DATABASE_URL when empty",
        secret=True,
    )
    nats_url: str = setting("NATS_URL", default="nats://127.0.0.1:4222", doc="NATS server")
    nats_creds: str = setting("MCPGATEWAY_NATS_CREDS", default="", doc="path of a .creds file")
    nats_ca: str = setting("MCPGATEWAY_NATS_CA", default="", doc="path of a CA certificate file")

    encryption_secret: str = setting(
        "AUTH_ENCRYPTION_SECRET", doc="all keys derive from it, at least 32 characters", secret=True
    )
    accepted_secrets: tuple[str, ...] = setting(
        keys.ACCEPTED,
        keys.accepted,
        default=(),
        doc="other secrets, by commas, that count beside AUTH_ENCRYPTION_SECRET while it changes",
        secret=True,
    )
    jwt_secret: str = setting(
        "JWT_SECRET_KEY", doc="verifies HS256 tokens, at least 32 characters", secret=True
    )
    jwt_algorithm: str = setting(
        "JWT_ALGORITHM",
        choice(*ALGORITHMS),
        default="HS256",
        doc="the one algorithm of JWT_SECRET_KEY (HS*), or of the key in JWT_PUBLIC_KEY_PATH",
    )
    jwt_public_key: bytes = setting(
        "JWT_PUBLIC_KEY_PATH",
        file_content,
        default=b"",
        doc="PEM file of the key that verifies tokens of JWT_ALGORITHM, where that is not HS*",
    )
    jwt_private_key: bytes = setting(
        "JWT_PRIVATE_KEY_PATH",
        file_content,
        default=b"",
        doc="PEM file; its public half verifies tokens where JWT_PUBLIC_KEY_PATH is not set",
        secret=True,
    )
    jwt_audience_checked: bool = setting(
        "JWT_AUDIENCE_VERIFICATION",
        boolean,
        default=True,
        doc="false: tokens of JWT_ALGORITHM may be for any audience; never those issued here",
    )
    jwt_issuer_checked: bool = setting(
        "JWT_ISSUER_VERIFICATION",
        boolean,
        default=True,
        doc="false: tokens of JWT_ALGORITHM may be of any issuer; never those issued here",
    )
    jwt_issuer: str = setting("JWT_ISSUER", default="mcpgateway", doc="`iss` of tokens")
    jwt_audience: str = setting("JWT_AUDIENCE", default="mcpgateway-api", doc="`aud` of tokens")
    require_jti: bool = setting("REQUIRE_JTI", boolean, default=True, doc="tokens need a jti")
    require_exp: bool = setting(
        "REQUIRE_TOKEN_EXPIRATION", boolean, default=True, doc="tokens need an exp"
    )
    token_minutes: int = setting(
        "TOKEN_EXPIRY", integer(1, 525_600), default=20, doc="minutes that a login lasts"
    )
    admin_email: str = setting(
        "PLATFORM_ADMIN_EMAIL", default="admin@example.com", doc="the first administrator"
    )
    admin_password: str = setting(
        "PLATFORM_ADMIN_PASSWORD", doc="the first administrator's password", secret=True
    )
    admin_name: str = setting(
        "PLATFORM_ADMIN_FULL_NAME", default="Platform Administrator", doc="shown name"
    )
    basic_user: str = setting("BASIC_AUTH_USER", default="admin", doc="user of HTTP Basic")
    basic_password: str = setting(
        "BASIC_AUTH_PASSWORD", default="", doc="password of HTTP Basic", secret=True
    )
    basic_allowed: bool = setting(
        "API_ALLOW_BASIC_AUTH", boolean, default=False, doc="accept HTTP Basic"
    )
    auth_required: bool = setting(
        "AUTH_REQUIRED", boolean, default=True, doc="false: no token means the administrator"
    )
    insecure_dev: bool = setting(
        "MCPGATEWAY_INSECURE_DEV", boolean, default=False, doc="accept weak secrets anywhere"
    )
    edge_secrets: tuple[str, ...] = setting(
        "MCPGATEWAY_EDGE_SECRET",
        words,
        default=(),
        doc="shown by data planes, any of several; derived from AUTH_ENCRYPTION_SECRET when empty",
        secret=True,
    )
    settle: float = setting(
        "MCPGATEWAY_SETTLE_SECONDS",
        seconds(0, 30),
        default=0.2,
        doc="at most so long an answer to a write waits for replicas to apply it; 0: not at all",
    )
    admin_api: bool = setting(
        "MCPGATEWAY_ADMIN_API_ENABLED", boolean, default=True, doc="serve GET /replicas"
    )

    pages: bool = setting(
        "MCPGATEWAY_UI_ENABLED",
        boolean,
        default=True,
        doc="send GET / to the admin pages; false: answer in JSON",
    )

    allow_loopback: bool | None = setting(
        "SSRF_ALLOW_LOCALHOST",
        boolean,
        default=None,
        doc="call upstreams on loopback; empty: while HOST is loopback",
    )
    allow_private: bool = setting(
        "SSRF_ALLOW_PRIVATE_NETWORKS",
        boolean,
        default=True,
        doc="call private addresses",
    )
    allowed_networks: tuple[Network, ...] = setting(
        "SSRF_ALLOWED_NETWORKS", networks, default=(), doc="networks to call all the same"
    )
    blocked_networks: tuple[Network, ...] = setting(
        "SSRF_BLOCKED_NETWORKS", networks, default=(), doc="networks never to call"
    )
    skip_tls_verify: bool = setting(
        "SKIP_SSL_VERIFY",
        boolean,
        default=False,
        doc="true: believe any certificate of an upstream that has no ca_certificate",
    )
    call_timeout: float = setting(
        "TOOL_TIMEOUT",
        seconds(0.1, 3600),
        default=60.0,
        doc="seconds to the first byte of an answer, of upstreams registered without timeout_ms",
    )
    discovery_timeout: float = setting(
        "GATEWAY_VALIDATION_TIMEOUT", seconds(1, 120), default=15.0, doc="seconds for a discovery"
    )
    refresh_interval: float = setting(
        "GATEWAY_AUTO_REFRESH_INTERVAL",
        seconds(1, 86_400),
        default=300.0,
        doc="seconds between refreshes of an upstream that announces nothing",
    )
    default_roots: tuple[str, ...] = setting(
        "DEFAULT_ROOTS", listed, default=(), doc="URIs made roots at a start that finds none"
    )
    root_schemes: tuple[str, ...] = setting(
        "ROOT_ALLOWED_SCHEMES",
        listed,
        default=(),
        doc="URI schemes of roots beside file; empty: any",
    )
    root_files: bool = setting(
        "ROOT_ALLOW_FILE_SCHEME", boolean, default=True, doc="file: URIs may be roots"
    )
    root_prefixes: tuple[str, ...] = setting(
        "ROOT_ALLOWED_FILE_PREFIXES",
        listed,
        default=(),
        doc="paths under which file: roots must be; empty: any",
    )
    separator: str = setting(
        "GATEWAY_TOOL_NAME_SEPARATOR",
        choice("-", "--", "_", "."),
        default="-",
        doc="between an upstream's slug and a tool's name",
    )
    catalog_enabled: bool = setting(
        "MCPGATEWAY_CATALOG_ENABLED", boolean, default=True, doc="serve the catalog of MCP servers"
    )
    catalog_file: str = setting(
        "MCPGATEWAY_CATALOG_FILE",
        default="",
        doc="path of a catalog (YAML); the shipped one when empty",
    )
    catalog_ttl: float = setting(
        "MCPGATEWAY_CATALOG_CACHE_TTL",
        seconds(0, 86_400),
        default=3600.0,
        doc="seconds until the catalog's file is read again",
    )
    catalog_page: int = setting(
        "MCPGATEWAY_CATALOG_PAGE_SIZE",
        integer(1, 1000),
        default=100,
        doc="servers on a page of the catalog, of requests without limit",
    )
    definition_policy: str = setting(
        "MCPGATEWAY_DEFINITION_POLICY",
        choice("accept", "flag", "hold", "withdraw"),
        default="accept",
        doc="what becomes of tools that an upstream rewords, where its registration says nothing",
    )
    admin_role: str = setting(
        "DEFAULT_ADMIN_ROLE",
        name_or_none,
        default="platform_admin",
        doc="role of new administrators, or none",
    )
    user_role: str = setting(
        "DEFAULT_USER_ROLE",
        name_or_none,
        default="platform_viewer",
        doc="role of all other new users, or none",
    )
    team_owner_role: str = setting(
        "DEFAULT_TEAM_OWNER_ROLE",
        name_or_none,
        default="team_admin",
        doc="role of a team's owners in it, or none",
    )
    team_member_role: str = setting(
        "DEFAULT_TEAM_MEMBER_ROLE",
        name_or_none,
        default="viewer",
        doc="role of a team's members in it, or none",
    )
    decision_days: int = setting(
        "MCPGATEWAY_DECISION_RETENTION_DAYS",
        integer(1, 3650),
        default=30,
        doc="days that the log of decisions keeps",
    )

    @property
    def secrets(self) -> keys.Secrets:
        """The one in use, then the others that count."""
        return keys.all_of(self.encryption_secret, self.accepted_secrets)

    @property
    def scraping(self) -> Scraping:
        """Who may read metrics without being an administrator."""
        return Scraping(self.metrics_networks, self.metrics_token)

    @property
    def root_policy(self) -> RootPolicy:
        """Which URIs may be roots."""
        schemes = tuple(scheme.lower().removesuffix("://") for scheme in self.root_schemes)
        return RootPolicy(schemes, self.root_files, self.root_prefixes)

    @property
    def local(self) -> bool:
        """Whether only this machine can reach the control plane, also through a data plane."""
        return is_loopback(self.host) and is_loopback(self.public_host or self.host)

    @property
    def addresses(self) -> AddressPolicy:
        """Which upstream addresses may be called."""
        allowed = self.local if self.allow_loopback is None else self.allow_loopback
        return AddressPolicy(
            loopback=allowed,
            private=self.allow_private,
            allow=self.allowed_networks,
            deny=self.blocked_networks,
            own_ports=frozenset({self.port, self.public_port} - {0}),
        )
