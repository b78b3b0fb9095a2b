"""Who calls: tokens and basic credentials under the table's keys."""

import base64

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwt
from joserfc.jwk import OKPKey

from mcpgateway.common.errors import Unauthenticated
from mcpgateway.common.policy.access.grants import live
from mcpgateway.common.policy.access.subject import Subject
from mcpgateway.common.routing.build import build
from mcpgateway.common.routing.model import Principal, Record, SigningKey
from mcpgateway.common.routing.table import Table
from mcpgateway.data_plane.pipeline.admitting.authenticate import Authenticator, Unsealer
from mcpgateway.data_plane.pipeline.call import ANONYMOUS, Caller
from support.endpoint import KEYS, NOW, USER, Clock, signing_key, token, wire_sealed

HEADER = b"Bearer " + token().encode()


def table(*records: Record) -> Table:
    return build("a-registry", 1, records)


def authenticator(clock: Clock | None = None, default: Caller = ANONYMOUS) -> Authenticator:
    return Authenticator(Unsealer(KEYS.wire, "local", "default"), clock or Clock(), default)


def basic(pair: str) -> bytes:
    return b"Basic " + base64.b64encode(pair.encode())


def test_a_good_token_names_its_principal_and_keeps_its_key_over_refreshes() -> None:
    known = table(USER, signing_key())
    who = authenticator()
    first = who.identify(HEADER, known)
    second = who.identify(b"bearer " + token(jti="2").encode(), known)
    assert first.principal == USER
    assert first.key == second.key != ""


def test_a_token_counts_until_it_expires_also_when_it_was_seen_before() -> None:
    clock = Clock()
    who, known = authenticator(clock), table(USER, signing_key())
    who.identify(HEADER, known)
    clock.now = NOW + 3601
    with pytest.raises(Unauthenticated, match="expired"):
        who.identify(HEADER, known)


@pytest.mark.parametrize(
    "change",
    [
        Principal(USER.id, active=False),
        Principal(USER.id, not_before=NOW + 1),
    ],
)
def test_a_change_of_the_principal_counts_at_once(change: Principal) -> None:
    who = authenticator()
    who.identify(HEADER, table(USER, signing_key()))
    with pytest.raises(Unauthenticated):
        who.identify(HEADER, table(change, signing_key()))


def test_a_role_counts_until_it_expires_and_what_it_gave_no_longer() -> None:
    clock = Clock()
    grants = msgspec.json.encode([("a", "global", "", NOW + 10), ("b", "global")])
    who, known = authenticator(clock), table(Principal(USER.id, grants=grants), signing_key())
    first = who.identify(HEADER, known)
    assert (first.subject.at, first.expires) == (NOW, NOW + 10)
    clock.now = NOW + 10
    second = who.identify(HEADER, known)
    assert [each.role for each in live(grants, second.subject.at)] == ["b"]
    assert second.expires > NOW + 10


def test_a_rotated_key_counts_at_once() -> None:
    who = authenticator()
    who.identify(HEADER, table(USER, signing_key()))
    with pytest.raises(Unauthenticated, match="signature"):
        who.identify(HEADER, table(USER, signing_key(b"another-secret-of-some-length!!!")))


def test_a_subject_that_is_nobody_here_is_refused() -> None:
    with pytest.raises(Unauthenticated, match="no active user"):
        authenticator().identify(HEADER, table(signing_key()))


def test_what_a_key_asks_of_its_tokens_is_said_when_it_is_missing() -> None:
    wrong = b"Bearer " + token(aud="elsewhere").encode()
    with pytest.raises(Unauthenticated, match="audience"):
        authenticator().identify(wrong, table(USER, signing_key()))


def test_any_of_several_keys_verifies_and_one_that_can_not_be_opened_harms_no_other() -> None:
    private = Ed25519PrivateKey.generate()
    key = OKPKey.import_key(private)
    public = SigningKey(
        "login", "Ed25519", _json(key), issuer="mcpgateway", audience="mcpgateway-api"
    )
    broken = SigningKey("broken", "HS256", b"not sealed by us", sealed=True)
    claims = {
        "sub": USER.id,
        "iss": "mcpgateway",
        "aud": "mcpgateway-api",
        "iat": int(NOW),
        "exp": int(NOW) + 60,
        "jti": "9",
    }
    login = jwt.encode({"alg": "Ed25519"}, claims, key, algorithms=["Ed25519"])
    known = table(USER, signing_key(), public, broken)
    who = authenticator()
    assert who.identify(b"Bearer " + login.encode(), known).principal == USER
    assert who.identify(HEADER, known).principal == USER


def _json(key: OKPKey) -> bytes:
    return msgspec.json.encode(key.as_dict(private=False))


def test_basic_credentials_stand_for_the_principal_that_the_key_names() -> None:
    key = SigningKey(
        "basic", "Basic", wire_sealed("signing_key", "basic", b"ann:s3cret"), True, subject=USER.id
    )
    who, known = authenticator(), table(USER, key)
    assert who.identify(basic("ann:s3cret"), known).principal == USER
    for wrong in (basic("ann:guess"), b"Basic %%%"):
        with pytest.raises(Unauthenticated):
            who.identify(wrong, known)


def test_basic_credentials_are_refused_where_no_key_accepts_them() -> None:
    with pytest.raises(Unauthenticated, match="not accepted"):
        authenticator().identify(basic("a:b"), table(USER, signing_key()))


def test_an_unknown_scheme_is_refused_by_name_of_the_right_ones() -> None:
    with pytest.raises(Unauthenticated, match="Bearer or Basic"):
        authenticator().identify(b"Digest x", table())


def test_without_credentials_the_default_caller_calls_but_wrong_ones_are_still_wrong() -> None:
    admin = Caller(Subject(USER), "admin")
    who = authenticator(default=admin)
    assert who.identify(None, table()) is admin
    with pytest.raises(Unauthenticated):
        who.identify(HEADER, table(USER))
