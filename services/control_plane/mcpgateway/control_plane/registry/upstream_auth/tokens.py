"""Gets tokens from authorization servers, keeps them sealed, and puts them where data planes find
them."""

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from mcpgateway.common import seal
from mcpgateway.common.errors import GatewayError, Unavailable, UpstreamRejected
from mcpgateway.common.routing.sealing import store_context
from mcpgateway.common.routing.upstream_tokens import UpstreamToken, key_of
from mcpgateway.control_plane.registry.model import Credential, Upstream, oauth_id
from mcpgateway.control_plane.registry.ports import Ports
from mcpgateway.control_plane.registry.upstream_auth import oauth_config
from mcpgateway.control_plane.registry.upstream_auth.oauth_config import (
    BadAnswer,
    Client,
    OAuthConfig,
    Params,
    Token,
)
from mcpgateway.control_plane.registry.upstream_auth.ports import (
    Answered,
    OAuthNetwork,
    TokenPorts,
    TokenRow,
)

log = logging.getLogger(__name__)

Secrets = Mapping[str, str]


class Refused(UpstreamRejected):
    """The authorization server said no: `reason` is its error code (RFC 6749 5.2)."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class _Problem(msgspec.Struct):
    error: str = ""


async def ask(
    network: OAuthNetwork,
    url: str,
    params: Params,
    client: Client,
    now: float,
    before: Token | None = None,
) -> Token:
    """Raises Refused, UpstreamError. What the server says is never repeated but for its error
    code: it may hold what was sent."""
    answered = await network.post_form(url, params, client)
    if answered.status != 200:
        raise _refused(answered)
    try:
        return oauth_config.token_of(answered.body, now, before)
    except BadAnswer as error:
        raise UpstreamRejected(f"the authorization server's answer {error}") from None


def _refused(answered: Answered) -> GatewayError:
    try:
        word = msgspec.json.decode(answered.body, type=_Problem).error
    except (msgspec.DecodeError, RecursionError):
        word = ""
    plain = word if word.isascii() and word.isprintable() and len(word) <= 64 else ""
    said = f"error {plain!r}" if plain else f"status {answered.status}"
    return Refused(f"the authorization server refused: {said}", plain)


def sealed_secrets(ports: Ports, upstream_id: str, secrets: Secrets) -> Credential:
    id = oauth_id(upstream_id)
    plain = msgspec.json.encode(dict(secrets))
    sealed = ports.sealer.seal(
        plain, store_context("credential", id), ports.entropy(seal.NONCE_SIZE)
    )
    return Credential(id=id, upstream_id=upstream_id, sealed=sealed)


async def secrets_of(ports: Ports, upstream: Upstream) -> dict[str, str]:
    """Of its OAuth client. Raises Unavailable."""
    stored = await ports.store.read.credentials([upstream.id])
    return opened_secrets(ports, [each for each in stored if each.id == oauth_id(upstream.id)])


def opened_secrets(ports: Ports, found: Sequence[Credential]) -> dict[str, str]:
    """Of the credential of an OAuth client, if there is one. Raises Unavailable."""
    if not found:
        return {}
    try:
        plain = ports.sealer.open(found[0].sealed, store_context("credential", found[0].id))
    except seal.SealError as error:
        raise Unavailable(
            f"the client secret of gateway {found[0].upstream_id} does not open: give it again"
        ) from error
    return msgspec.json.decode(plain, type=dict[str, str])


def config_of(upstream: Upstream) -> OAuthConfig | None:
    return upstream.auth.oauth if upstream.auth else None


def row_of(ports: Ports, upstream_id: str, principal: str, kind: str, token: Token) -> TokenRow:
    """A token that was just given, and when to renew it: where it can be renewed."""
    now = ports.clock().timestamp()
    renewable = kind == "shared" or (kind == "oauth" and token.refresh_token)
    renew = oauth_config.renew_at(token, now) if renewable else 0.0
    return TokenRow(
        upstream_id=upstream_id,
        principal=principal,
        kind=kind,
        sealed=sealed_row(ports, upstream_id, principal, msgspec.json.encode(token)),
        expires_at=_at(token.expires),
        renew_at=_at(renew),
    )


def sealed_row(ports: Ports, upstream_id: str, principal: str, plain: bytes) -> bytes:
    context = store_context("upstream token", f"{upstream_id}\n{principal}")
    return ports.sealer.seal(plain, context, ports.entropy(seal.NONCE_SIZE))


def opened_row(ports: Ports, row: TokenRow) -> bytes:
    """Raises Unavailable."""
    context = store_context("upstream token", f"{row.upstream_id}\n{row.principal}")
    try:
        return ports.sealer.open(row.sealed, context)
    except seal.SealError as error:
        raise Unavailable(f"a token for gateway {row.upstream_id} does not open") from error


def token_in(ports: Ports, row: TokenRow) -> Token:
    """Raises Unavailable."""
    return msgspec.json.decode(opened_row(ports, row), type=Token)


def shown(ports: Ports, row: TokenRow) -> UpstreamToken | None:
    """What data planes get; None for nothing any more. Raises Unavailable."""
    if row.gone:
        return None
    if row.kind == "vault":
        lines = msgspec.json.decode(opened_row(ports, row), type=tuple[tuple[str, str], ...])
        return UpstreamToken(lines)
    token = token_in(ports, row)
    return UpstreamToken((token.line,), token.expires, asked=tuple(token.asked.split()))


async def keep(ports: Ports, tokens: TokenPorts, row: TokenRow) -> None:
    """Saved first; data planes find it at once while NATS is there, else when it is again."""
    await put(ports, tokens, await tokens.store.save_token(row))


async def drop(ports: Ports, tokens: TokenPorts, upstream_id: str, principal: str) -> bool:
    """Whether there was one. It is found nowhere when this returns, as far as NATS is there."""
    if not await tokens.store.drop_token(upstream_id, principal):
        return False
    if await tokens.bucket.put(key_of(principal, upstream_id), None):
        log.debug("a token for gateway %s was taken away", upstream_id)
    return True


async def put(ports: Ports, tokens: TokenPorts, row: TokenRow) -> None:
    """What does not open is not there."""
    try:
        told = shown(ports, row)
    except Unavailable as error:
        log.warning("%s", error.message)
        told = None
    if await tokens.bucket.put(key_of(row.principal, row.upstream_id), told):
        await tokens.store.was_put(row)


def _at(seconds: float) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
