"""Which TLS files are used, and what is said about bad ones."""

import ssl
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from mcpgateway.common.runtime.self_signed import ensure
from mcpgateway.common.runtime.server_tls import TlsFiles, chosen, make_context, problem


@pytest.mark.parametrize(
    ("wanted", "certificate", "key", "expected"),
    [
        (None, "", "", None),
        (None, "", "k.pem", None),
        (False, "c.pem", "k.pem", None),
        (None, "c.pem", "k.pem", TlsFiles(Path("c.pem"), Path("k.pem"))),
        (True, "c.pem", "k.pem", TlsFiles(Path("c.pem"), Path("k.pem"))),
        (True, "c.pem", "", TlsFiles(Path("c.pem"), Path("c.pem"))),
        (True, "", "", TlsFiles(Path("certs/cert.pem"), Path("certs/key.pem"))),
    ],
)
def test_tls_is_on_when_it_is_asked_for_or_a_certificate_is_named(
    wanted: bool | None, certificate: str, key: str, expected: TlsFiles | None
) -> None:
    assert chosen(wanted, certificate, key, "") == expected


def test_a_password_is_not_shown() -> None:
    assert "hush" not in repr(TlsFiles(Path("c"), Path("k"), "hush"))


def encrypted(files: TlsFiles, password: str) -> TlsFiles:
    """The same pair, with a key that `swordfish` opens."""
    key = load_pem_private_key(files.key.read_bytes(), None)
    pem = key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"swordfish")
    )
    path = files.key.with_name("encrypted.pem")
    path.write_bytes(pem)
    return TlsFiles(files.certificate, path, password)


@pytest.fixture
def good(tmp_path: Path) -> TlsFiles:
    return ensure(tmp_path / "good", (), time.time())


def complaint(files: TlsFiles) -> str:
    with pytest.raises(OSError) as caught:  # noqa: PT011 - what it says is looked at
        make_context(files)
    return problem(files, caught.value)


def test_an_encrypted_key_is_opened_by_its_password(good: TlsFiles) -> None:
    make_context(encrypted(good, "swordfish"))


def test_a_wrong_password_is_said_to_be_wrong_and_not_shown(good: TlsFiles) -> None:
    said = complaint(encrypted(good, "sardine"))
    assert "KEY_FILE_PASSWORD does not open" in said
    assert "sardine" not in said


def test_a_missing_password_is_missed_instead_of_asked_for(good: TlsFiles) -> None:
    assert "KEY_FILE_PASSWORD is not set" in complaint(encrypted(good, ""))


def test_a_key_of_another_certificate_is_said_to_be_that(good: TlsFiles, tmp_path: Path) -> None:
    other = ensure(tmp_path / "other", (), time.time())
    assert "another certificate's" in complaint(TlsFiles(good.certificate, other.key))


def test_a_file_that_is_not_there_is_named(good: TlsFiles, tmp_path: Path) -> None:
    missing = tmp_path / "missing.pem"
    said = complaint(TlsFiles(good.certificate, missing))
    assert said == f"can not read the TLS file {missing}: No such file or directory"


def test_a_file_that_is_no_pem_is_said_to_be_none(good: TlsFiles, tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("hello")
    assert "no PEM certificate" in complaint(TlsFiles(text, good.key))


def test_old_versions_and_weak_ciphers_are_not_offered(good: TlsFiles) -> None:
    context = make_context(good, ("h2",))
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    names = [cipher["name"] for cipher in context.get_ciphers()]
    assert all("GCM" in name or "POLY1305" in name or "CCM" in name for name in names), names
    assert all(name.startswith(("TLS_", "ECDHE-")) for name in names), names
