"""What credentials find a caller, what they leave of its rights, and which attacks do not."""

import json
from typing import Any

import msgspec
import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, Key, OctKey, RSAKey

from mcpgateway.common import api_tokens
from mcpgateway.common.errors import Unauthenticated
from mcpgateway.common.policy.access.scope import EVERYTHING, Scope
from mcpgateway.common.routing.build import build
from mcpgateway.common.routing.delta import apply
from mcpgateway.common.routing.model import (
    ApiToken,
    Delta,
    Principal,
    Record,
    Revocation,
    SigningKey,
)
from mcpgateway.common.routing.table import Table
from mcpgateway.data_plane.pipeline.admitting.authenticate import Authenticator, Unsealer
from mcpgateway.data_plane.pipeline.admitting.schemes import Found
from mcpgateway.data_plane.pipeline.call import Caller
from support.endpoint import KEYS, NOW, SECRET, USER, Clock, signing_key, token
from support.registries import tool, upstream

MADE = api_tokens.make(bytes(range(48)))
API_TOKEN = ApiToken(MADE.id, MADE.sha256, USER.id)
BOB = Principal("bob@example.com")


def table(*records: Record) -> Table:
    return build("a-registry", 1, (USER, signing_key(), *records))


def authenticator(clock: Clock | None = None) -> Authenticator:
    return Authenticator(Unsealer(KEYS.wire, "local", "default"), clock or Clock())


def find(text: str, *records: Record, clock: Clock | None = None) -> Caller:
    return authenticator(clock).identify(b"Bearer " + text.encode(), table(*records))


def test_an_api_token_finds_its_owner_and_leaves_what_its_scope_says() -> None:
    scope = Scope(permissions=("tools.read",), server="s")
    caller = find(MADE.text, msgspec.structs.replace(API_TOKEN, scope=msgspec.json.encode(scope)))
    assert caller.principal == USER
    assert caller.subject.scope == scope
    assert caller.subject.token == MADE.id


@pytest.mark.parametrize(
    ("text", "records"),
    [
        (MADE.text, ()),
        (MADE.text[:-1] + "x", (API_TOKEN,)),
        (MADE.text.upper(), (API_TOKEN,)),
        (f"mcpgw_{'0' * 32}_{MADE.text[-43:]}", (API_TOKEN,)),
        (f"mcpgw_{MADE.id}", (API_TOKEN,)),
        (MADE.text, (msgspec.structs.replace(API_TOKEN, principal="nobody@example.com"),)),
    ],
)
def test_an_api_token_that_is_wrong_or_gone_finds_nobody(
    text: str, records: tuple[Record, ...]
) -> None:
    with pytest.raises(Unauthenticated):
        find(text, *records)


def test_an_api_token_counts_until_it_expires() -> None:
    clock = Clock()
    record = msgspec.structs.replace(API_TOKEN, expires=NOW + 60)
    who, known = authenticator(clock), table(record)
    who.identify(b"Bearer " + MADE.text.encode(), known)
    clock.now = NOW + 60
    with pytest.raises(Unauthenticated, match="API token has expired"):
        who.identify(b"Bearer " + MADE.text.encode(), known)


class Counting:
    """A scheme of somebody else's, that counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def find(self, value: bytes, table: Table) -> Found:
        self.asked += 1
        principal = table.principals[value.decode()]
        token = table.api_tokens.get(MADE.id)
        return Found(Caller(), principal, token=token)


def changed(before: Table, *upserts: Record) -> Table:
    return apply(before, Delta("a-registry", before.revision, before.revision + 1, upserts)).table


def test_what_was_found_is_kept_over_changes_that_do_not_concern_it() -> None:
    counting, now = Counting(), table(BOB, API_TOKEN)
    unsealer = Unsealer(KEYS.wire, "local", "default")
    who = Authenticator(unsealer, Clock(), more={b"name": counting})

    def ask() -> int:
        who.identify(b"Name " + BOB.id.encode(), now)
        return counting.asked

    assert (ask(), ask()) == (1, 1)
    for other in (
        Principal("cay@example.com"),
        Revocation("another"),
        msgspec.structs.replace(API_TOKEN, id="f" * 32),
        signing_key(id="another"),
        upstream("u"),
        tool("t", "u"),
    ):
        now = changed(now, other)
        assert ask() == 1, other
    now = changed(now, Principal(BOB.id, teams=("team",)))
    assert ask() == 2
    now = changed(now, msgspec.structs.replace(API_TOKEN, scope=b'{"teams":[]}'))
    assert ask() == 3


def test_a_revocation_counts_for_a_token_that_was_seen_before_and_for_no_other() -> None:
    who, before = authenticator(), table()
    one, other = (b"Bearer " + token(jti=jti).encode() for jti in ("one", "other"))
    who.identify(one, before)
    kept = who.identify(other, before)
    after = changed(before, Revocation("one"))
    with pytest.raises(Unauthenticated, match="revoked"):
        who.identify(one, after)
    assert who.identify(other, after) is kept


def test_claims_narrow_and_nothing_in_them_widens() -> None:
    claims: dict[str, Any] = {"is_admin": True, "teams": ["a"], "scope": "mcp:tools"}
    caller = find(token(BOB.id, **claims), BOB)
    assert caller.principal == BOB
    assert caller.subject.scope.teams == ("a",)
    assert not caller.subject.scope.leaves("prompts.execute")
    assert find(token(BOB.id), BOB).subject.scope == EVERYTHING
    with pytest.raises(Unauthenticated, match="claim teams must be"):
        find(token(BOB.id, teams="a"), BOB)


def test_who_acts_for_whom_is_kept() -> None:
    act = {"sub": "agent", "act": {"sub": "sub-agent"}}
    assert find(token(act=act)).subject.chain == ("agent", "sub-agent")


def test_a_user_is_found_however_his_provider_writes_his_email() -> None:
    assert find(token("ANN@Example.com")).principal == USER


def provider_key(id: str, algorithm: str, key: Key, **fields: Any) -> SigningKey:
    material = json.dumps(key.as_dict(private=False)).encode()
    issuer = "https://idp.example.com"
    return SigningKey(
        id, algorithm, material, issuer=issuer, audience="client", require_jti=False, **fields
    )


RS, RS2, ES = RSAKey.generate_key(2048), RSAKey.generate_key(2048), ECKey.generate_key("P-256")
SET = (
    provider_key("idp:1", "RS256", RS, kid="1", subject_claims=("preferred_username", "email")),
    provider_key("idp:2", "RS256", RS2, kid="2", subject_claims=("preferred_username", "email")),
    provider_key("idp:3", "ES256", ES, kid="3"),
)


def provided(key: Key, algorithm: str, kid: str | None, **claims: Any) -> str:
    head = {"alg": algorithm} if kid is None else {"alg": algorithm, "kid": kid}
    body = {
        "iss": "https://idp.example.com",
        "aud": "client",
        "sub": "opaque",
        "email": BOB.id,
        "iat": int(NOW),
        "exp": int(NOW) + 60,
        **claims,
    }
    return jwt.encode(head, body, key, algorithms=[algorithm])


@pytest.mark.parametrize(("key", "kid"), [(RS, "1"), (RS2, "2"), (RS2, None)])
def test_each_key_of_an_issuers_set_is_found_by_its_id_or_by_trying(
    key: RSAKey, kid: str | None
) -> None:
    assert find(provided(key, "RS256", kid), BOB, *SET).principal == BOB


def test_a_key_of_another_id_is_not_tried() -> None:
    with pytest.raises(Unauthenticated, match="signature"):
        find(provided(RS2, "RS256", "1"), BOB, *SET)


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"iss": "mcpgateway"}, "issuer must be https://idp"),
        ({"aud": "mcpgateway-api"}, "audience must be client"),
        ({"exp": int(NOW)}, "expired"),
        ({"nbf": int(NOW) + 120}, "not valid yet"),
        ({"email": "nobody@example.com"}, "no active user"),
    ],
)
def test_the_key_of_a_provider_vouches_for_nothing_but_its_own_tokens(
    claims: dict[str, Any], reason: str
) -> None:
    with pytest.raises(Unauthenticated, match=reason):
        find(provided(RS, "RS256", "1", **claims), BOB, *SET)


def test_the_shared_secret_does_not_sign_for_a_provider_nor_a_provider_for_us() -> None:
    forged = provided(OctKey.import_key(SECRET), "HS256", "1")
    with pytest.raises(Unauthenticated, match="issuer must be mcpgateway"):
        find(forged, BOB, *SET)


def test_no_key_is_taken_from_the_token_that_it_would_verify() -> None:
    theirs = RSAKey.generate_key(2048)
    head = {"alg": "RS256", "kid": "1", "jwk": theirs.as_dict(private=False)}
    head["jku"] = "https://evil.example/keys.json"
    payload = json.dumps({"iss": "https://idp.example.com", "aud": "client", "email": BOB.id})
    with pytest.raises(Unauthenticated, match="signature"):
        find(jws.serialize_compact(head, payload, theirs, ["RS256"]), BOB, *SET)


@pytest.mark.parametrize("text", ["", " "])
def test_a_scheme_without_a_token_is_no_authentication(text: str) -> None:
    with pytest.raises(Unauthenticated, match="followed by a token"):
        find(text)


def test_a_key_that_can_not_be_used_leaves_the_others_usable() -> None:
    broken = SigningKey("broken", "RS256", b"no key")
    unknown = SigningKey("unknown", "XS256", b"{}")
    assert find(token(), broken, unknown).principal == USER


def test_who_was_let_in_stays_in_while_its_credentials_would_let_it_in_again() -> None:
    who, before = authenticator(), table(API_TOKEN)
    by_api_token = who.identify(b"Bearer " + MADE.text.encode(), before)
    by_jwt = who.identify(b"Bearer " + token(jti="one").encode(), before)
    assert who.still(before, by_api_token)
    assert who.still(before, by_jwt)
    logged_out = changed(before, msgspec.structs.replace(USER, not_before=NOW + 1))
    assert who.still(logged_out, by_api_token), "tokens for programs outlive a logout"
    assert not who.still(logged_out, by_jwt)
    assert not who.still(changed(before, Revocation("one")), by_jwt)
    narrowed = msgspec.structs.replace(API_TOKEN, scope=b'{"permissions":[]}')
    assert not who.still(changed(before, narrowed), by_api_token)
    assert not who.still(build("a-registry", 2, (signing_key(),)), by_jwt)


def test_a_token_that_was_made_from_an_api_token_ends_with_it() -> None:
    who, before = authenticator(), table(API_TOKEN)
    made = b"Bearer " + token(jti="one", api_token=MADE.id).encode()
    caller = who.identify(made, before)
    assert (caller.subject.token, caller.api_token) == ("one", MADE.id)
    assert who.still(before, caller)
    after = table()
    assert not who.still(after, caller)
    with pytest.raises(Unauthenticated, match="API token that it was made from ended"):
        who.identify(made, after)


def test_a_token_names_an_api_token_of_its_own_subject() -> None:
    record = msgspec.structs.replace(API_TOKEN, principal=BOB.id)
    with pytest.raises(Unauthenticated, match="API token"):
        find(token(api_token=MADE.id), BOB, record)
