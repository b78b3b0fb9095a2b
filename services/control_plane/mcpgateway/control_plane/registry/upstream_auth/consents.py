"""A user lets the gateway act for him at an upstream: the authorization code grant with PKCE.

What protects it: the state is random, used once, and bound to the principal who began and to his
browser (a cookie of its own), so that nobody finishes in another's name; the answer must come from
the issuer that was asked (RFC 9207), where the issuer is known; the code is worth nothing without
the verifier, which never leaves the control plane; tokens are for one resource (RFC 8707).
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

import msgspec

from mcpgateway.common import seal
from mcpgateway.common.errors import Denied, InvalidCall, Unavailable, UpstreamRejected
from mcpgateway.common.routing.sealing import store_context
from mcpgateway.control_plane.registry.model import Upstream
from mcpgateway.control_plane.registry.ports import Ports
from mcpgateway.control_plane.registry.upstream_auth import oauth_config
from mcpgateway.control_plane.registry.upstream_auth import tokens as kept
from mcpgateway.control_plane.registry.upstream_auth.clients import client_of
from mcpgateway.control_plane.registry.upstream_auth.oauth_config import Client, OAuthConfig
from mcpgateway.control_plane.registry.upstream_auth.ports import Consent, TokenPorts, UpstreamOf
from mcpgateway.control_plane.registry.upstream_auth.servers import AuthServer, Settled, settled

_BYTES = 32  # of what must not be guessed
CALLBACK = "/oauth/callback"


class _Begun(msgspec.Struct, frozen=True):
    """What the way back needs."""

    verifier: str
    redirect: str
    client: Client
    server: AuthServer
    config: OAuthConfig


class Begun(NamedTuple):
    """`url`: where to send the browser, which keeps `cookie` under `name` for `seconds`."""

    url: str
    name: str
    cookie: str
    seconds: int


class Consented(NamedTuple):
    upstream: str
    principal: str


def code_grant(upstream: Upstream) -> OAuthConfig:
    """Raises InvalidCall for a gateway to which users do not consent."""
    config = kept.config_of(upstream)
    if config is None or config.grant_type != "authorization_code":
        raise InvalidCall(
            f"gateway {upstream.name!r} is not called with its users' consent: its auth_type is "
            "not oauth with grant_type authorization_code"
        )
    return config


class Asking(NamedTuple):
    """Who consents, at which gateway (`public_url`, without `/` at the end), and to which scopes
    beside those that are asked for anyway."""

    principal: str
    public_url: str
    scopes: Sequence[str] = ()


async def begin(ports: Ports, tokens: TokenPorts, upstream: Upstream, asking: Asking) -> Begun:
    """Raises InvalidCall, UpstreamError, Unavailable."""
    config = code_grant(upstream)
    network, rules = tokens.network, tokens.rules
    where = await settled(network, config, upstream.url, discovery=rules.discovery)
    server = where.server
    _check_server(server)
    redirect = config.redirect_uri or asking.public_url + CALLBACK
    client = await client_of(ports, tokens, upstream, where, redirect)
    config = await _with_scopes(ports, tokens, upstream, where, asking)
    state, verifier, browser = (_random(ports) for _ in range(3))
    begun = _Begun(verifier, redirect, client, server, config)
    hashed = digest(state)
    sealed = ports.sealer.seal(
        msgspec.json.encode(begun), _context(hashed), ports.entropy(seal.NONCE_SIZE)
    )
    await tokens.store.begin(
        Consent(
            state=hashed,
            upstream_id=upstream.id,
            principal=asking.principal,
            browser=digest(browser),
            sealed=sealed,
            expires_at=ports.clock() + timedelta(seconds=rules.consent_seconds),
        )
    )
    params = oauth_config.authorization_params(
        config, upstream.url, client.id, redirect, state, challenge_of(verifier)
    )
    url = _with_params(server.authorization_endpoint, params)
    return Begun(url, cookie_of(state), browser, round(rules.consent_seconds))


async def finish(
    ports: Ports,
    tokens: TokenPorts,
    answer: Mapping[str, str],
    cookies: Mapping[str, str],
    upstream_of: UpstreamOf,
) -> Consented:
    """With what came to the callback. Raises InvalidCall, Denied (another browser, or the user said
    no), UpstreamError, Unavailable."""
    state = answer.get("state", "")
    found = await tokens.store.take(digest(state), ports.clock()) if state else None
    if found is None:
        raise InvalidCall(
            "state is not of a consent that was begun here, or has served: begin anew"
        )
    if not hmac.compare_digest(digest(cookies.get(cookie_of(state), "")), found.browser):
        raise Denied("this consent was begun in another browser: begin it in this one")
    begun = _opened(ports, found)
    _check_issuer(begun.server, answer.get("iss"))
    if "error" in answer:
        raise Denied(f"the authorization server gave no consent: {_word(answer['error'])!r}")
    code = answer.get("code", "")
    if not code:
        raise InvalidCall("code is missing in what the authorization server sent")
    upstream = await upstream_of(found.upstream_id)
    code_grant(upstream)
    params = oauth_config.code_params(
        begun.config, upstream.url, code, begun.verifier, begun.redirect
    )
    now = ports.clock().timestamp()
    token = await kept.ask(tokens.network, begun.server.token_endpoint, params, begun.client, now)
    asked, issuer = " ".join(begun.config.scopes), begun.server.issuer
    token = msgspec.structs.replace(token, asked=asked, issuer=issuer)
    row = kept.row_of(ports, upstream.id, found.principal, "oauth", token)
    await kept.keep(ports, tokens, row)
    return Consented(upstream.id, found.principal)


async def _with_scopes(
    ports: Ports, tokens: TokenPorts, upstream: Upstream, where: Settled, asking: Asking
) -> OAuthConfig:
    """What was asked for before stays, at the same server: else more for one tool would be less for
    another."""
    row = await tokens.store.token(upstream.id, asking.principal)
    before = kept.token_in(ports, row) if row is not None and row.kind == "oauth" else None
    same = before is not None and before.issuer == where.server.issuer
    kept_on = before.asked.split() if before is not None and same else ()
    scopes = dict.fromkeys((*where.config.scopes, *kept_on, *asking.scopes))
    return msgspec.structs.replace(where.config, scopes=tuple(scopes))


def _check_server(server: AuthServer) -> None:
    """Raises UpstreamRejected for a server that would leave a code unprotected."""
    if not server.authorization_endpoint or not server.token_endpoint:
        raise UpstreamRejected(f"issuer {server.issuer!r} names no authorization or token endpoint")
    if server.discovered and "S256" not in server.code_challenge_methods_supported:
        raise UpstreamRejected(
            f"issuer {server.issuer!r} does not say that it supports PKCE with S256, without which "
            "no code is asked for"
        )


def _check_issuer(server: AuthServer, said: str | None) -> None:
    """RFC 9207: else an answer of one server could be taken for another's (mix-up)."""
    if said is None:
        if server.authorization_response_iss_parameter_supported:
            raise Denied(f"iss is missing, which {server.issuer!r} says that it sends")
        return
    if server.issuer and said != server.issuer:
        raise Denied(f"iss is {_word(said)!r}, and {server.issuer!r} was asked")


def cookie_of(state: str) -> str:
    """One for each consent, so that two at once do not disturb each other."""
    return f"mcpgateway_consent_{digest(state)[:16]}"


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def challenge_of(verifier: str) -> str:
    """S256 of RFC 7636."""
    raw = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _random(ports: Ports) -> str:
    return base64.urlsafe_b64encode(ports.entropy(_BYTES)).rstrip(b"=").decode()


def _opened(ports: Ports, found: Consent) -> _Begun:
    try:
        return msgspec.json.decode(
            ports.sealer.open(found.sealed, _context(found.state)), type=_Begun
        )
    except seal.SealError as error:
        raise Unavailable("this consent does not open any more: begin anew") from error


def _context(state: str) -> bytes:
    return store_context("upstream consent", state)


def _with_params(url: str, params: Mapping[str, str]) -> str:
    return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(params)}"


def _word(text: str) -> str:
    return "".join(char if char.isascii() and char.isprintable() else "?" for char in text[:200])
