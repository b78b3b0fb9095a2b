"""Headers that tell browsers to be careful with an answer. Pure."""

from dataclasses import dataclass

from mcpgateway.common.policy.addresses import is_loopback

Line = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class SecurityHeaders:
    """`frame`: who may show a page in a frame, DENY, SAMEORIGIN or "" for anybody. `hsts`: seconds
    for which browsers come by https only, 0 for not saying so."""

    enabled: bool = True
    frame: str = "DENY"
    nosniff: bool = True
    hsts: int = 31_536_000
    hsts_subdomains: bool = True

    def lines(self, scheme: str, host: str) -> tuple[Line, ...]:
        """Of an answer to a request that came so. HSTS is for https (RFC 6797 7.2) and never for
        this machine's own names, which everything else on it shares."""
        if not self.enabled:
            return ()
        found: list[Line] = [
            (b"referrer-policy", b"same-origin"),
            (b"cross-origin-opener-policy", b"same-origin"),
        ]
        if self.nosniff:
            found.append((b"x-content-type-options", b"nosniff"))
        if self.frame:
            found.append((b"x-frame-options", self.frame.encode()))
        if self.hsts and scheme == "https" and not _this_machine(host):
            more = "; includeSubDomains" if self.hsts_subdomains else ""
            found.append((b"strict-transport-security", f"max-age={self.hsts}{more}".encode()))
        return tuple(found)

    def policy(self, base: str) -> str:
        """A content security policy that says the same of frames."""
        ancestors = {"DENY": "'none'", "SAMEORIGIN": "'self'"}.get(self.frame)
        return f"{base}; frame-ancestors {ancestors}" if ancestors else base


def _this_machine(host: str) -> bool:
    name, _, port = host.rpartition(":")
    return is_loopback(name if port.isdigit() else host)
