"""Settings of what is said to browsers, which the services with pages have in common."""

from dataclasses import dataclass

from mcpgateway.common.policy.security_headers import SecurityHeaders
from mcpgateway.common.runtime.settings import boolean, choice, integer, setting


@dataclass(frozen=True, kw_only=True)
class WebSettings:
    """A part of a service's `Settings`."""

    headers_enabled: bool = setting(
        "SECURITY_HEADERS_ENABLED", boolean, default=True, doc="false: no security headers"
    )
    frame_options: str = setting(
        "X_FRAME_OPTIONS",
        choice("DENY", "SAMEORIGIN", "none"),
        default="DENY",
        doc="who may show pages in frames; none: anybody",
    )
    nosniff: bool = setting(
        "X_CONTENT_TYPE_OPTIONS_ENABLED", boolean, default=True, doc="say nosniff"
    )
    hsts_enabled: bool = setting(
        "HSTS_ENABLED", boolean, default=True, doc="have browsers come by https once they did"
    )
    hsts_seconds: int = setting(
        "HSTS_MAX_AGE", integer(0, 10**9), default=31_536_000, doc="seconds of that"
    )
    hsts_subdomains: bool = setting(
        "HSTS_INCLUDE_SUBDOMAINS", boolean, default=True, doc="for names below it too"
    )

    @property
    def security_headers(self) -> SecurityHeaders:
        return SecurityHeaders(
            self.headers_enabled,
            "" if self.frame_options == "none" else self.frame_options,
            self.nosniff,
            self.hsts_seconds if self.hsts_enabled else 0,
            self.hsts_subdomains,
        )
