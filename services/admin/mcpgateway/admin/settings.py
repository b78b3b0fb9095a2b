"""The admin service's settings, read once from the environment by `__main__`."""

from dataclasses import dataclass

from mcpgateway.common.policy.scraping import LOOPBACK_NETWORKS, Scraping
from mcpgateway.common.runtime.logs import LEVELS
from mcpgateway.common.runtime.settings import (
    Network,
    base_url,
    boolean,
    choice,
    integer,
    networks_or_none,
    scheme_or_boolean,
    setting,
    words,
)
from mcpgateway.common.runtime.web_settings import WebSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(WebSettings):
    host: str = setting("HOST", default="127.0.0.1", doc="address to listen on")
    port: int = setting("PORT", integer(0, 65535), default=4446, doc="port to listen on")
    log_level: str = setting("LOG_LEVEL", choice(*LEVELS), default="INFO", doc="least level logged")
    log_format: str = setting("LOG_FORMAT", choice("text", "json"), default="text", doc="log lines")
    control_plane: str = setting(
        "MCPGATEWAY_CONTROL_PLANE_URL",
        base_url,
        default="http://127.0.0.1:4445",
        doc="the API that the pages show",
    )
    public_url: str = setting(
        "APP_DOMAIN",
        base_url,
        default="http://localhost:4444",
        doc="the gateway's address in client snippets, for pages not reached through the gateway",
    )
    enabled: bool = setting("MCPGATEWAY_UI_ENABLED", boolean, default=True, doc="serve the pages")
    airgapped: bool = setting(
        "MCPGATEWAY_UI_AIRGAPPED",
        boolean,
        default=True,
        doc="no effect: the pages never load anything from elsewhere",
    )
    secure_cookies: bool | None = setting(
        "SECURE_COOKIES",
        scheme_or_boolean,
        default=None,
        doc="cookies for https only; empty: when the request came by https",
    )
    samesite: str = setting(
        "COOKIE_SAMESITE", choice("lax", "strict"), default="lax", doc="SameSite of cookies"
    )
    edge_secrets: tuple[str, ...] = setting(
        "MCPGATEWAY_EDGE_SECRET",
        words,
        default=(),
        doc="by which a data plane shows that its forwarded headers are to be believed; any of "
        "several",
        secret=True,
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
        doc="bearer token that may read /metrics from anywhere",
    )

    @property
    def scraping(self) -> Scraping:
        """Who may read metrics without being an administrator."""
        return Scraping(self.metrics_networks, self.metrics_token)
