"""What a newcomer reads when everything runs."""

from dataclasses import replace
from pathlib import Path

from mcpgateway.cli.up.banner import Facts, text

FACTS = Facts(
    url="http://127.0.0.1:4444",
    data_dir=Path("/data of mine"),
    email="admin@example.com",
    password="",
    admin=True,
    command="mcpgateway",
    seconds=1.26,
)


def test_a_password_is_shown_only_when_it_was_just_made() -> None:
    assert "Password" not in text(FACTS)
    assert "  Password     s3cret " in text(replace(FACTS, password="s3cret"))


def test_the_lines_to_paste_survive_a_shell() -> None:
    assert "export TOKEN=$(mcpgateway token --data-dir '/data of mine')" in text(FACTS)


def test_pages_that_do_not_run_are_not_offered() -> None:
    assert "/admin" in text(FACTS)
    assert "/admin" not in text(replace(FACTS, admin=False))


def test_a_certificate_that_nobody_knows_is_shown_and_given_to_curl() -> None:
    said = text(replace(FACTS, url="https://127.0.0.1:4444", trusted=Path("/data/tls/cert.pem")))
    assert "  Certificate  /data/tls/cert.pem " in said
    assert "curl --cacert /data/tls/cert.pem -H" in said
    assert "--cacert" not in text(FACTS)
