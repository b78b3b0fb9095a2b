"""How a token is got for an upstream: what an `oauth_config` says, and the parameters that follow
from it. Pure; secrets are not part of it.

RFC 6749 (grants), 7636 (PKCE), 8707 (resource), 8693 (exchange), 7523 (assertions), and ID-JAG
(draft-ietf-oauth-identity-assertion-authz-grant), by which a company's own identity provider says
who may act at whose authorization server.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import msgspec

GrantType = Literal[
    "client_credentials", "password", "authorization_code", "token_exchange", "id_jag"
]
ClientAuth = Literal["", "client_secret_basic", "client_secret_post", "private_key_jwt", "none"]
GRANTS: tuple[GrantType, ...] = get_args(GrantType)
CLIENT_AUTHS: tuple[ClientAuth, ...] = get_args(ClientAuth)
SHARED: frozenset[GrantType] = frozenset({"client_credentials", "password"})
SECRETS = ("client_secret", "password", "idp_client_secret", "private_key")

TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - a name
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a name
ID_JAG = "urn:ietf:params:oauth:token-type:id-jag"

# What a configuration may not set itself: it would undo a protection.
FIXED_PARAMS = frozenset(
    {
        "response_type",
        "client_id",
        "redirect_uri",
        "state",
        "code_challenge",
        "code_challenge_method",
        "resource",
        "scope",
    }
)


class OAuthConfig(msgspec.Struct, frozen=True, omit_defaults=True):
    """What may be shown of one. URLs that are "" are found out; `resource` "" is the upstream's own
    URL. `idp_*`: where the company's identity provider gives an ID-JAG."""

    grant_type: GrantType
    client_id: str = ""
    authorization_url: str = ""
    token_url: str = ""
    redirect_uri: str = ""
    issuer: str = ""
    scopes: tuple[str, ...] = ()
    resource: str = ""
    audience: str = ""
    omit_resource: bool = False
    token_endpoint_auth_method: ClientAuth = ""
    username: str = ""
    authorization_params: dict[str, str] = {}
    subject_token_type: str = ACCESS_TOKEN
    idp_token_url: str = ""
    idp_client_id: str = ""
    secrets: tuple[str, ...] = ()  # the names of those that are kept

    @property
    def shared(self) -> bool:
        """Whether one token is for all callers."""
        return self.grant_type in SHARED


class Client(msgspec.Struct, frozen=True):
    """As whom the gateway speaks to an authorization server. `secret` "" for a public client.
    `key` is the PEM of a private key, and `audience` whom what it signs is for ("": the URL that
    is asked): with private_key_jwt."""

    id: str
    secret: str = ""
    auth: ClientAuth = ""
    key: str = ""
    audience: str = ""


class Token(msgspec.Struct, frozen=True):
    """What an authorization server gave. `expires` in Unix seconds, 0 when it does not say; `scope`
    is what was granted, by spaces, `asked` what the gateway asked its user to grant. `issuer` gave
    it, and no other server is shown its `refresh_token`."""

    access_token: str
    token_type: str = "Bearer"  # noqa: S105 - a scheme
    refresh_token: str = ""
    expires: float = 0.0
    scope: str = ""
    asked: str = ""
    issuer: str = ""

    @property
    def line(self) -> tuple[str, str]:
        return ("Authorization", f"Bearer {self.access_token}")


Params = dict[str, str]


def resource_of(config: OAuthConfig, url: str) -> str:
    """The resource that tokens are for (RFC 8707), as it names itself, else its URL without query
    and fragment; "" for none."""
    if config.omit_resource:
        return ""
    return config.resource or url.partition("#")[0].partition("?")[0]


def grant_params(config: OAuthConfig, secrets: Mapping[str, str], url: str) -> Params:
    """Of a grant that needs no user."""
    named = {"grant_type": config.grant_type, **common_params(config, url)}
    if config.grant_type == "password":
        named |= {"username": config.username, "password": secrets.get("password", "")}
    return named


def code_params(config: OAuthConfig, url: str, code: str, verifier: str, redirect: str) -> Params:
    return _filled(
        {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect,
            "code_verifier": verifier,
            "resource": resource_of(config, url),
        }
    )


def refresh_params(config: OAuthConfig, url: str, refresh_token: str) -> Params:
    return _filled(
        {
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
            "resource": resource_of(config, url),
        }
    )


def exchange_params(config: OAuthConfig, url: str, subject_token: str) -> Params:
    """RFC 8693: the caller's token for one that the upstream takes."""
    return {
        "grant_type": TOKEN_EXCHANGE,
        "subject_token": subject_token,
        "subject_token_type": config.subject_token_type,
        "requested_token_type": ACCESS_TOKEN,
        **common_params(config, url),
    }


def id_jag_params(config: OAuthConfig, url: str, subject_token: str, audience: str) -> Params:
    """The first half of ID-JAG, at the company's identity provider: `audience` is the issuer of the
    upstream's authorization server."""
    return {
        **common_params(config, url),
        "grant_type": TOKEN_EXCHANGE,
        "requested_token_type": ID_JAG,
        "subject_token": subject_token,
        "subject_token_type": config.subject_token_type,
        "audience": audience,
    }


def assertion_params(config: OAuthConfig, url: str, assertion: str) -> Params:
    """The second half (RFC 7523), at the upstream's authorization server."""
    return {"grant_type": JWT_BEARER, "assertion": assertion, **common_params(config, url)}


def authorization_params(
    config: OAuthConfig, url: str, client_id: str, redirect: str, state: str, challenge: str
) -> Params:
    """Of the page where the user consents. What the configuration adds can replace none of it."""
    extra = {k: v for k, v in config.authorization_params.items() if k not in FIXED_PARAMS}
    return extra | _filled(
        {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": redirect,
            "scope": " ".join(config.scopes),
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "resource": resource_of(config, url),
            "audience": config.audience,
        }
    )


def common_params(config: OAuthConfig, url: str) -> Params:
    return _filled(
        {
            "scope": " ".join(config.scopes),
            "resource": resource_of(config, url),
            "audience": config.audience,
        }
    )


class BadAnswer(ValueError):
    """A token answer that can not be used; the message says why, without what was in it."""


class _Answer(msgspec.Struct):
    access_token: str = ""
    token_type: str = "Bearer"  # noqa: S105 - a scheme
    expires_in: float | str | None = None
    refresh_token: str | None = None
    scope: str | None = None


def token_of(body: bytes, now: float, before: Token | None = None) -> Token:
    """Of the answer of a token endpoint at `now`. A refresh that gives no new refresh token leaves
    the old one valid. Raises BadAnswer."""
    try:
        found = msgspec.json.decode(body, type=_Answer)
        lifetime = float(found.expires_in or 0)
    except (msgspec.DecodeError, ValueError):
        raise BadAnswer("is no token answer (RFC 6749 5.1)") from None
    if not found.access_token:
        raise BadAnswer("holds no access_token")
    if not (found.access_token.isascii() and found.access_token.isprintable()):
        raise BadAnswer("holds an access_token that is no header value")
    if found.token_type.lower() not in ("bearer", "n_a"):
        raise BadAnswer("holds a token that is no Bearer token")
    refresh = found.refresh_token or (before.refresh_token if before else "")
    scope = found.scope if found.scope is not None else (before.scope if before else "")
    expires = now + lifetime if lifetime > 0 else 0.0
    asked, issuer = (before.asked, before.issuer) if before else ("", "")
    return Token(found.access_token, "Bearer", refresh, expires, scope, asked, issuer)


AHEAD = 300.0  # seconds before its end that a token is renewed, when it lives long enough
_SHARE = 0.25  # of a short-lived token's life, which is the same for it


def renew_at(token: Token, now: float) -> float:
    """When to renew it, in Unix seconds; 0 for never."""
    if not token.expires:
        return 0.0
    return token.expires - min(AHEAD, max(0.0, token.expires - now) * _SHARE)


BACKOFF: Sequence[float] = (5.0, 15.0, 60.0, 300.0)  # seconds after failures in a row


def try_again_at(attempts: int, now: float) -> float:
    """After so many failures in a row."""
    return now + BACKOFF[min(attempts, len(BACKOFF)) - 1]


def _filled(params: Mapping[str, str]) -> Params:
    return {name: value for name, value in params.items() if value}
