"""Where a provider is asked what: of its settings, and for the rest of its discovery document
(OpenID Connect Discovery 1.0, RFC 8414). Pure."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from mcpgateway.common.errors import UpstreamRejected
from mcpgateway.control_plane.registry.people.sso import Provider

_MEMBERS = {
    "authorization": "authorization_endpoint",
    "token": "token_endpoint",
    "userinfo": "userinfo_endpoint",
    "jwks": "jwks_uri",
}


class Endpoints(NamedTuple):
    """`says_iss`: answers to the browser carry `iss` (RFC 9207). `token_issuer`: of its access
    tokens, which AD FS calls otherwise than its ID tokens'."""

    authorization: str
    token: str
    userinfo: str
    jwks: str
    says_iss: bool = False
    posts_secret: bool = False
    token_issuer: str = ""


def needs_document(provider: Provider) -> bool:
    """Whether something is left to be found out."""
    known = (provider.authorization_url, provider.token_url, provider.jwks_uri)
    return provider.is_oidc and not all(known)


def document_url(provider: Provider) -> str:
    return provider.issuer.rstrip("/") + "/.well-known/openid-configuration"


def endpoints(provider: Provider, document: Mapping[str, Any]) -> Endpoints:
    """`document` is empty when it was not needed. Raises UpstreamRejected for one of another
    issuer, and for one that lacks an endpoint or leads out of https."""
    if document:
        _check_issuer(provider, document)
    named = {
        "authorization": provider.authorization_url,
        "token": provider.token_url,
        "userinfo": provider.userinfo_url,
        "jwks": provider.jwks_uri,
    }
    found = {part: url or _member(provider, document, part) for part, url in named.items()}
    methods = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    return Endpoints(
        **found,
        says_iss=document.get("authorization_response_iss_parameter_supported") is True,
        posts_secret=not provider.is_oidc or "client_secret_basic" not in methods,
        token_issuer=str(document.get("access_token_issuer") or provider.issuer),
    )


def issuers(provider: Provider) -> tuple[str, ...]:
    """That its ID tokens may name."""
    legacy = ("accounts.google.com",) if provider.preset == "google" else ()
    return (provider.issuer, *legacy)


def _check_issuer(provider: Provider, document: Mapping[str, Any]) -> None:
    said = document.get("issuer")
    if said != provider.issuer:
        raise UpstreamRejected(
            f"{document_url(provider)} says that it is of issuer {str(said)[:200]!r}, and the "
            f"provider's issuer here is {provider.issuer!r}: they must be the same"
        )


def _member(provider: Provider, document: Mapping[str, Any], part: str) -> str:
    name = _MEMBERS[part]
    url = document.get(name, "")
    if not url and part in ("userinfo", "jwks") and (part == "userinfo" or not provider.is_oidc):
        return ""
    if not isinstance(url, str) or not _good(url, provider.issuer):
        raise UpstreamRejected(f"{document_url(provider)}: {name} must be an https URL")
    return url


def _good(url: str, issuer: str) -> bool:
    """Who reaches a provider by http (a test, an inner network) gets no better from it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    plain = urlsplit(issuer).scheme == "http"
    return bool(parts.hostname) and (parts.scheme == "https" or (plain and parts.scheme == "http"))
