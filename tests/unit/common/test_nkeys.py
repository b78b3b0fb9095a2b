"""NATS identities are what the NATS programs understand, and carry only the permissions given."""

import base64
import json

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.nkeys import (
    ENTROPY_SIZE,
    KeyPair,
    make_auth,
    parse_credentials,
    parse_seed,
)
from mcpgateway.common.subjects import Subjects, data_plane_permissions

SUBJECTS = Subjects("local", "default")
AUTH = make_auth(SUBJECTS, bytes(range(ENTROPY_SIZE)), 1_700_000_000)
USER = 20 << 3


def claims(jwt: str) -> dict[str, object]:
    body = jwt.split(".")[1]
    decoded: dict[str, object] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return decoded


def raw_public(public: str) -> bytes:
    return base64.b32decode(public)[1:-2]


def test_a_known_seed_gives_the_public_key_that_the_nats_tools_print() -> None:
    # The sample user of the NATS documentation.
    key = parse_seed("SUAMLK2ZNL35WSMW37E7UD4VZ7ELPKW7DHC3BWBSD2GCZ7IUQQXZIORRBU")
    assert key.public == "UCK5N7N66OBOINFXAYC2ACJQYFSOD4VYNU6APEJTAVFZB2SVHLKGEW7L"


@given(st.sampled_from([14 << 3, 0, USER]), st.binary(min_size=32, max_size=32))
def test_a_seed_survives_its_text_form(prefix: int, seed: bytes) -> None:
    key = KeyPair(prefix, seed)
    assert parse_seed(key.seed_text) == key
    assert key.public[0] == {14 << 3: "O", 0: "A", USER: "U"}[prefix]
    assert key.seed_text[0] == "S"


@given(st.integers(2, 57), st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
def test_a_changed_seed_is_refused_without_showing_it(at: int, letter: str) -> None:
    text = KeyPair(USER, b"s" * 32).seed_text
    changed = text[:at] + letter + text[at + 1 :]
    if base64.b32decode(changed + "======") == base64.b32decode(text + "======"):
        return
    with pytest.raises(ValueError, match="nkey seed") as refused:
        parse_seed(changed)
    assert changed[10:20] not in str(refused.value)


def test_credentials_survive_their_file() -> None:
    credentials = parse_credentials(AUTH.data_plane)
    assert credentials.text() == AUTH.data_plane
    assert claims(credentials.jwt)["sub"] == credentials.key.public


def test_a_creds_file_with_windows_line_ends_is_read() -> None:
    assert parse_credentials(AUTH.data_plane.replace("\n", "\r\n")).text() == AUTH.data_plane


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no section 'NATS USER JWT'"),
        (AUTH.data_plane.split("-----BEGIN USER")[0], "no section 'USER NKEY SEED'"),
        (AUTH.data_plane.replace(parse_credentials(AUTH.data_plane).key.seed_text, "S!"), "base32"),
    ],
)
def test_a_damaged_creds_file_is_refused_with_what_is_wrong(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse_credentials(text)


def test_a_user_jwt_is_signed_by_its_account_and_not_by_another_key() -> None:
    jwt = parse_credentials(AUTH.control_plane).jwt
    head, body, signature = jwt.split(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    issuer = str(claims(jwt)["iss"])
    Ed25519PublicKey.from_public_bytes(raw_public(issuer)).verify(raw, f"{head}.{body}".encode())
    other = Ed25519PublicKey.from_public_bytes(raw_public(KeyPair(0, b"x" * 32).public))
    with pytest.raises(InvalidSignature):
        other.verify(raw, f"{head}.{body}".encode())


def test_a_data_plane_is_given_its_subjects_and_nothing_else() -> None:
    nats = claims(parse_credentials(AUTH.data_plane).jwt)["nats"]
    assert isinstance(nats, dict)
    allowed = data_plane_permissions(SUBJECTS)
    assert nats["pub"] == {"allow": list(allowed.publish)}
    assert nats["sub"] == {"allow": list(allowed.subscribe)}
    assert SUBJECTS.delta not in allowed.publish


def test_too_little_randomness_is_refused() -> None:
    with pytest.raises(ValueError, match="192 random bytes are needed, got 32"):
        make_auth(SUBJECTS, b"x" * 32, 0)


def test_secrets_are_not_in_the_repr() -> None:
    seed = parse_credentials(AUTH.data_plane).key.seed_text
    assert seed not in repr(AUTH)
    assert repr(b"k" * 32) not in repr(KeyPair(USER, b"k" * 32))
