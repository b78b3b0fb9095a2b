"""The command line's words for TLS, and the settings that they stand for."""

import argparse
from pathlib import Path

import pytest

from mcpgateway.common.runtime import tls_options


def parse(*argv: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    tls_options.add(parser)
    return parser.parse_args(argv)


def settings(*argv: str) -> dict[str, str]:
    return tls_options.settings(parse(*argv), Path("/data/tls"))


def test_without_options_nothing_is_set() -> None:
    assert settings() == {}


def test_a_certificate_and_its_key_switch_tls_on() -> None:
    expected = {"SSL": "true", "CERT_FILE": "c.pem", "KEY_FILE": "k.pem"}
    assert settings("--tls-cert", "c.pem", "--tls-key", "k.pem") == expected


def test_a_certificate_alone_holds_its_key_whatever_the_environment_says() -> None:
    assert settings("--tls-cert", "c.pem")["KEY_FILE"] == "c.pem"


def test_a_self_signed_pair_is_in_the_data_folder() -> None:
    assert settings("--tls-self-signed", "--http3") == {
        "SSL": "true",
        "CERT_FILE": "/data/tls/cert.pem",
        "KEY_FILE": "/data/tls/key.pem",
        "MCPGATEWAY_HTTP3": "true",
    }


def test_options_that_do_not_go_together_are_a_problem() -> None:
    assert tls_options.problem(parse("--tls-key", "k.pem")) == "--tls-key needs --tls-cert"
    assert tls_options.problem(parse("--tls-cert", "c.pem")) is None
    with pytest.raises(SystemExit):
        parse("--tls-cert", "c.pem", "--tls-self-signed")


def test_settings_alone_say_it_too() -> None:
    files = tls_options.files({"CERT_FILE": "c.pem", "KEY_FILE_PASSWORD": "hush"})
    assert files is not None
    assert (files.certificate, files.password) == (Path("c.pem"), "hush")
    assert tls_options.files({"CERT_FILE": "c.pem", "SSL": "false"}) is None
    with pytest.raises(ValueError, match="true or false"):
        tls_options.files({"SSL": "perhaps"})
