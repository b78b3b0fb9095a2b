"""Which certificates and keys a gateway may be given."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.nouns.certificate_input import Certificates, read_certificates
from mcpgateway.control_plane.registry.drafts import NewIdentity
from support.tls import Authority

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
OURS = Authority()
GATEWAY = OURS.issue("the gateway")


def read(new: bool = True, **members: Any) -> Certificates:
    fields = Fields(members)
    read = read_certificates(fields, NOW, new=new)
    fields.check()
    return read


def problems(new: bool = True, **members: Any) -> dict[str, str]:
    fields = Fields(members)
    read_certificates(fields, NOW, new=new)
    return {problem.field: problem.problem for problem in fields.problems}


def locked(key: str) -> str:
    loaded = serialization.load_pem_private_key(key.encode(), None)
    return loaded.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"a password"),
    ).decode()


def test_nothing_said_keeps_what_there_is_and_an_empty_text_takes_it_away() -> None:
    assert read() == Certificates(UNSET, UNSET)
    assert read(new=False, ca_certificate="", client_cert="") == Certificates(None, None)


def test_a_certificate_with_its_chain_and_key_is_taken_in_both_spellings() -> None:
    chain = f"{GATEWAY.cert}\n{OURS.pem}".strip()
    given = read(ca_certificate=OURS.pem, clientCert=chain, clientKey=GATEWAY.key)
    assert given == Certificates(OURS.pem.strip(), NewIdentity(chain, GATEWAY.key.strip()))


def test_a_masked_key_is_the_one_that_there_is() -> None:
    kept = read(new=False, client_cert=GATEWAY.cert, client_key="*****")
    assert kept.identity == NewIdentity(GATEWAY.cert.strip())
    assert read(new=False, client_key="*****").identity is UNSET


EXPIRED = OURS.issue("old", until=NOW - DAY)
COMING = OURS.issue("new", since=NOW + DAY)


@pytest.mark.parametrize(
    ("members", "field", "says"),
    [
        ({"ca_certificate": "/etc/ssl/ca.pem"}, "ca_certificate", "not a path"),
        ({"ca_certificate": 7}, "ca_certificate", "must be a string"),
        ({"caCertificate": "-----BEGIN CERTIFICATE-----\nAA"}, "caCertificate", "PEM"),
        ({"ca_certificate": "x" * 70_000}, "ca_certificate", "65536 is the limit"),
        (
            {"ca_certificate": EXPIRED.cert},
            "ca_certificate",
            r"(CN=old) that expired on 2026-11-21",
        ),
        ({"ca_certificate": OURS.pem + EXPIRED.cert}, "ca_certificate", "expired"),
        (
            {"client_cert": COMING.cert, "client_key": COMING.key},
            "client_cert",
            "not valid before 2026-11-23",
        ),
        ({"client_cert": GATEWAY.cert}, "client_key", "required with client_cert"),
        ({"client_key": GATEWAY.key}, "client_cert", "required with client_key"),
        ({"client_cert": GATEWAY.cert, "client_key": "*****"}, "client_key", "private key in PEM"),
        (
            {"client_cert": GATEWAY.cert, "client_key": GATEWAY.cert},
            "client_key",
            "private key in PEM",
        ),
        (
            {"client_cert": GATEWAY.cert, "client_key": OURS.issue("x").key},
            "client_key",
            "does not belong",
        ),
        (
            {"client_cert": f"{OURS.pem}\n{GATEWAY.cert}", "client_key": GATEWAY.key},
            "client_key",
            "does not belong to the first certificate",
        ),
        (
            {"client_cert": GATEWAY.cert, "client_key": locked(GATEWAY.key)},
            "client_key",
            "must not be encrypted",
        ),
    ],
)
def test_what_can_not_be_used_is_refused_by_field(
    members: dict[str, Any], field: str, says: str
) -> None:
    found = problems(**members)
    assert found.keys() == {field}
    assert says in found[field]


@given(st.text(max_size=300), st.text(max_size=300))
def test_whatever_is_sent_is_a_problem_that_shows_no_key_and_no_crash(cert: str, key: str) -> None:
    found = problems(client_cert=cert, client_key=key)
    assert not (len(key) > 20 and any(key in problem for problem in found.values()))
