"""With which credentials an upstream is looked at by discovery: where each caller has his own, with
those of somebody who lets us, or nobody's."""

from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import urlsplit

import msgspec

from mcpgateway.common.errors import FieldProblem, InvalidCall, UpstreamError, UpstreamRejected
from mcpgateway.common.routing.query_credentials import told_apart, with_query
from mcpgateway.control_plane.registry.discovered.first_start import started
from mcpgateway.control_plane.registry.discovered.ports import Discovered, Target
from mcpgateway.control_plane.registry.drafts import NewAuth
from mcpgateway.control_plane.registry.model import Upstream
from mcpgateway.control_plane.registry.ports import Ports
from mcpgateway.control_plane.registry.upstream_auth import tokens as kept
from mcpgateway.control_plane.registry.upstream_auth.grants import granted, shared_token
from mcpgateway.control_plane.registry.upstream_auth.oauth_config import OAuthConfig
from mcpgateway.control_plane.registry.upstream_auth.ports import TokenPorts

Lines = tuple[tuple[str, str], ...]


def pointed(target: Target) -> Target:
    """With what of its credentials belongs into the query string there."""
    told = told_apart(target.headers)
    if not told.query:
        return target
    url = with_query(target.url, told.query)
    return msgspec.structs.replace(target, url=url, headers=told.headers)


async def first(
    ports: Ports, target: Target, auth: NewAuth | None, secrets: Mapping[str, str]
) -> Discovered | None:
    """Of an upstream with new credentials; None for one that only its users may look at, and for a
    tunnel that nobody has opened yet. Raises InvalidCall, UpstreamError, Unavailable."""
    if target.transport == "TUNNEL":
        with suppress(UpstreamError):
            return await ports.discoverer.discover(target)
        return None
    if target.transport == "STDIO":
        return await started(ports, target)
    if auth is None or auth.shown.stored:
        return await ports.discoverer.discover(pointed(target))
    config = auth.shown.oauth
    if config is not None and config.shared:
        token = await granted(ports, tokens_of(ports), config, target.url, secrets)
        authorized = msgspec.structs.replace(target, headers=(token.line,))
        return await ports.discoverer.discover(authorized)
    try:
        return await ports.discoverer.discover(msgspec.structs.replace(target, headers=()))
    except UpstreamRejected:
        return None


def unseen(target: Target) -> Discovered:
    """Nothing is known of it until one of its users lets us look."""
    return Discovered(
        transport=target.transport or "STREAMABLEHTTP",
        era="legacy",
        protocol_version="",
        capabilities=b"{}",
        instructions="",
        server_name="",
        server_version="",
        adds_result_type=True,
        tools=(),
        prompts=(),
        resources=(),
        templates=(),
        problems=(),
    )


async def known_lines(ports: Ports, upstream: Upstream, principal: str = "") -> Lines | None:
    """As `lines`, of a token that is there already. Raises Unavailable."""
    config = kept.config_of(upstream)
    shared = config is not None and config.shared
    if ports.upstream_tokens is None or not (shared or principal):
        return None
    row = await ports.upstream_tokens.store.token(upstream.id, "" if shared else principal)
    told = kept.shown(ports, row) if row is not None else None
    good = told is not None and (not told.expires or told.expires > ports.clock().timestamp())
    return told.lines if told is not None and good else None


async def lines(ports: Ports, upstream: Upstream, principal: str = "") -> Lines | None:
    """Of an upstream whose credential is no row of the registry: those of its callers, or of this
    one. None: there are none. Raises InvalidCall, UpstreamError, Unavailable."""
    known = await known_lines(ports, upstream, principal)
    config = kept.config_of(upstream)
    if known is not None or config is None or not config.shared:
        return known
    return ((await shared_token(ports, tokens_of(ports), upstream)).line,)


def tokens_of(ports: Ports) -> TokenPorts:
    if ports.upstream_tokens is None:
        raise InvalidCall("this control plane gets no tokens for upstreams")
    return ports.upstream_tokens


def check_auth(ports: Ports, before: Upstream | None, auth: NewAuth | None, url: str) -> None:
    """New credentials for an upstream that is, or was, `before`. Raises InvalidCall."""
    if auth is None:
        return
    if auth.shown.type == "query_param":
        _check_query(ports, urlsplit(url).hostname or "")
    _check_kept(before.auth.oauth if before and before.auth else None, auth)


def _check_query(ports: Ports, host: str) -> None:
    rules = tokens_of(ports).rules
    if not rules.query_auth:
        raise _refused("may be query_param only with INSECURE_ALLOW_QUERYPARAM_AUTH=true")
    hosts = {each.lower() for each in rules.query_hosts}
    if hosts and host.lower() not in hosts:
        raise _refused(
            f"may not be query_param for {host}: see INSECURE_QUERYPARAM_AUTH_ALLOWED_HOSTS"
        )


def _check_kept(before: OAuthConfig | None, auth: NewAuth) -> None:
    """A secret that is not given again stays with those who were to have it."""
    config = auth.shown.oauth
    if config is None or not auth.kept:
        return
    places = ("token_url", "issuer", "idp_token_url")
    if before is None or any(getattr(before, name) != getattr(config, name) for name in places):
        problem = "must hold its secrets themselves when another server is to have them"
        raise InvalidCall(
            f"oauth_config {problem}", errors=[FieldProblem("oauth_config", problem, "masked")]
        )


def _refused(problem: str) -> InvalidCall:
    errors = [FieldProblem("auth_type", problem, "query_param")]
    return InvalidCall(f"auth_type {problem}", errors=errors)
