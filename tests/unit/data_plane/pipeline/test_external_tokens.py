"""Access tokens of identity providers, verified by their keys in the table."""

from typing import Any

import msgspec
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from mcpgateway.common.errors import Unauthenticated
from mcpgateway.common.routing.build import build
from mcpgateway.common.routing.model import Principal, SigningKey
from mcpgateway.common.routing.table import Table
from mcpgateway.data_plane.pipeline.admitting.authenticate import Authenticator, Unsealer
from support.endpoint import KEYS, NOW, Clock, signing_key

ISSUER, AUDIENCE = "https://login.example.com", "api://gateway"
ANNA = Principal("anna@example.com")
KEY = RSAKey.generate_key(2048, {"kid": "first"})
TRUSTED = SigningKey(
    id="sso:corp:first",
    algorithm="RS256",
    material=msgspec.json.encode(KEY.as_dict(private=False)),
    issuer=ISSUER,
    audience=AUDIENCE,
    require_jti=False,
    subject_claims=("upn", "email"),
    kid="first",
)


class Caller:
    def __init__(self, *records: Any) -> None:
        self.hints = 0
        unsealer = Unsealer(KEYS.wire, "local", "default")
        self.who = Authenticator(unsealer, Clock(), unknown=self._hint)
        self.table: Table = build("a-registry", 1, records or (ANNA, signing_key(), TRUSTED))

    def _hint(self) -> None:
        self.hints += 1

    def principal(self, text: str) -> Principal | None:
        return self.who.identify(b"Bearer " + text.encode(), self.table).principal


def external(key: RSAKey = KEY, kid: str = "first", **claims: Any) -> str:
    said = {"iss": ISSUER, "aud": AUDIENCE, "exp": NOW + 60, "email": ANNA.id, "sub": "42"}
    return jwt.encode({"alg": "RS256", "kid": kid}, said | claims, key)


def test_it_is_of_the_user_whom_it_names_however_the_address_is_written() -> None:
    assert Caller().principal(external()) == ANNA
    assert Caller().principal(external(email="Anna@Example.com")) == ANNA
    assert Caller().principal(external(upn="ANNA@example.com", email="x")) == ANNA


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"email_verified": False}, "email_verified"),
        ({"email_verified": "false"}, "email_verified"),
        ({"aud": "another"}, "audience"),
        ({"iss": "https://evil.example"}, "issuer"),
        ({"exp": NOW - 1}, "expired"),
        ({"email": "stranger@example.com"}, "no active"),
        ({"email": None}, "names nobody"),
    ],
)
def test_what_is_wrong_with_it_is_told(claims: dict[str, Any], why: str) -> None:
    with pytest.raises(Unauthenticated, match=why):
        Caller().principal(external(**claims))


def test_a_key_that_may_be_new_is_hinted_at_and_a_known_one_is_not() -> None:
    caller = Caller()
    caller.principal(external())
    with pytest.raises(Unauthenticated):
        caller.principal(external(aud="another"))
    assert caller.hints == 0
    with pytest.raises(Unauthenticated):
        caller.principal(external(RSAKey.generate_key(2048), "second"))
    assert caller.hints == 1


def test_where_no_provider_is_trusted_nothing_is_hinted() -> None:
    caller = Caller(ANNA, signing_key())
    with pytest.raises(Unauthenticated):
        caller.principal(external())
    assert caller.hints == 0


def test_a_provider_does_not_speak_with_the_gateways_own_name() -> None:
    with pytest.raises(Unauthenticated):
        Caller().principal(external(iss="mcpgateway", aud="mcpgateway-api"))
