"""The certificate that is made here: whom it names, who may read it, when it is made anew."""

import ssl
from pathlib import Path

from cryptography import x509

from mcpgateway.common.runtime.self_signed import RENEW, VALID, ensure
from mcpgateway.common.runtime.server_tls import make_context

NOW = 1_795_000_000.0


def names(path: Path) -> set[str]:
    found = x509.load_pem_x509_certificate(path.read_bytes()).extensions
    san = found.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(name.value) for name in san}


def test_it_names_this_machine_and_what_was_asked_for(tmp_path: Path) -> None:
    files = ensure(tmp_path, ("gateway.example.com", "10.1.2.3", "0.0.0.0"), NOW)
    assert names(files.certificate) == {
        "localhost",
        "127.0.0.1",
        "::1",
        "gateway.example.com",
        "10.1.2.3",
    }


def test_the_pair_belongs_together_and_its_file_is_what_clients_trust(tmp_path: Path) -> None:
    files = ensure(tmp_path, (), NOW)
    make_context(files)
    ssl.create_default_context(cafile=files.certificate)


def test_nobody_else_can_read_the_key(tmp_path: Path) -> None:
    files = ensure(tmp_path / "tls", (), NOW)
    assert files.key.stat().st_mode & 0o777 == 0o600
    assert files.key.parent.stat().st_mode & 0o777 == 0o700


def test_a_good_pair_is_kept(tmp_path: Path) -> None:
    before = ensure(tmp_path, ("a",), NOW).certificate.read_bytes()
    assert ensure(tmp_path, ("a",), NOW + 86_400).certificate.read_bytes() == before


def test_one_that_ends_soon_or_lacks_a_name_or_its_key_is_made_anew(tmp_path: Path) -> None:
    first = ensure(tmp_path, (), NOW).certificate.read_bytes()
    second = ensure(tmp_path, ("b",), NOW).certificate.read_bytes()
    late = NOW + (VALID - RENEW).total_seconds()
    third = ensure(tmp_path, ("b",), late).certificate.read_bytes()
    (tmp_path / "key.pem").write_text("damaged")
    fourth = ensure(tmp_path, ("b",), late).certificate.read_bytes()
    assert len({first, second, third, fourth}) == 4
