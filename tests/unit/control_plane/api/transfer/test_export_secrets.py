"""Credentials in export files: ours open with their passphrase alone, ContextForge's with its."""

import base64
import hashlib
import json

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.seal import Sealer
from mcpgateway.control_plane.api.transfer.export_secrets import (
    Credentials,
    as_fields,
    derived,
    opened,
    opened_contextforge,
    sealed,
)

SEALER = Sealer((b"k" * 32,))
FOUND = Credentials((("Authorization", "Bearer x"),), "PEM")


def theirs(secret: str, plain: bytes) -> str:
    raw = b"n" * 12 + AESGCM(hashlib.sha256(secret.encode()).digest()).encrypt(
        b"n" * 12, plain, None
    )
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_a_passphrase_and_its_salt_make_one_key() -> None:
    text = sealed(derived("passphrase", b"s" * 16), "Tool", "x", FOUND, b"n" * 12)
    assert opened(derived("passphrase", b"s" * 16), "Tool", "x", text) == FOUND
    for other in (derived("passphrase", b"t" * 16), derived("another", b"s" * 16)):
        with pytest.raises(ValueError, match="does not open"):
            opened(other, "Tool", "x", text)


@pytest.mark.parametrize(("kind", "name"), [("Tool", "y"), ("Gateway", "x")])
def test_a_credential_opens_for_its_own_thing_alone(kind: str, name: str) -> None:
    text = sealed(SEALER, "Tool", "x", FOUND, b"n" * 12)
    with pytest.raises(ValueError, match="does not open"):
        opened(SEALER, kind, name, text)


def test_what_contextforge_sealed_opens_with_its_secret() -> None:
    text = theirs("secret", json.dumps({"X-Key": "v", "X-Other": "w"}).encode())
    found = opened_contextforge("secret", text)
    assert found.headers == (("X-Key", "v"), ("X-Other", "w"))


@given(st.text(max_size=60))
def test_what_is_no_credential_is_refused_and_never_shown(text: str) -> None:
    for read in (opened_contextforge, lambda _, value: opened(SEALER, "Tool", "x", value)):
        with pytest.raises(ValueError, match="does not open") as refused:
            read("secret", text)
        assert "secret" not in str(refused.value).replace("rekey_secret", "")


@pytest.mark.parametrize("plain", [b"[]", b'{"a": 1}', b"no json"])
def test_what_opens_and_is_no_map_of_headers_is_refused(plain: bytes) -> None:
    with pytest.raises(ValueError, match="does not open"):
        opened_contextforge("secret", theirs("secret", plain))


@pytest.mark.parametrize(
    ("kind", "headers", "fields"),
    [
        ("bearer", {"Authorization": "Bearer x"}, {"authType": "bearer", "authToken": "x"}),
        (
            "basic",
            {"Authorization": "Basic YTpi"},
            {"authType": "basic", "authUsername": "a", "authPassword": "b"},
        ),
        (
            "basic",
            {"Authorization": "Basic !"},
            {
                "authType": "authheaders",
                "authHeaders": [{"key": "Authorization", "value": "Basic !"}],
            },
        ),
        (
            "authheaders",
            {"X-Key": "v"},
            {"authType": "authheaders", "authHeaders": [{"key": "X-Key", "value": "v"}]},
        ),
    ],
)
def test_header_lines_become_the_fields_of_a_body(
    kind: str, headers: dict[str, str], fields: dict[str, object]
) -> None:
    assert as_fields(kind, tuple(headers.items())) == fields
