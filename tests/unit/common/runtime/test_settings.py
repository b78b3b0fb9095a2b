"""How the text of a setting is read, the same in every service."""

from ipaddress import ip_network

import pytest

from mcpgateway.common.runtime.settings import base_url, networks, networks_or_none, subject_token


def test_networks_are_listed_and_an_address_stands_for_its_network() -> None:
    assert networks("10.1.2.3/8, ::1,") == (ip_network("10.0.0.0/8"), ip_network("::1/128"))
    assert networks(" ") == ()
    with pytest.raises(ValueError, match=r"10\.0\.0\.0/40"):
        networks("10.0.0.0/8,10.0.0.0/40")


def test_no_network_has_a_word_since_nothing_means_the_default() -> None:
    assert networks_or_none(" None ") == ()
    assert networks_or_none("10.0.0.0/8") == networks("10.0.0.0/8")


@pytest.mark.parametrize("text", ["http://h", "https://h:8443", "http://[::1]:80", "http://h/a"])
def test_a_base_url_loses_its_last_slash_only(text: str) -> None:
    assert base_url(f" {text}/ ") == text


@pytest.mark.parametrize(
    "text",
    [
        "localhost:4445",
        "http://",
        "http://:80",
        "ftp://h",
        "http://h:0",
        "http://h:99999",
        "http://u:p@h",
        "http://h?x=1",
        "http://h/#a",
        "http://[::1",
    ],
)
def test_what_is_no_base_url_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must look like http://host:port"):
        base_url(text)


def test_a_name_in_subjects_is_one_token() -> None:
    assert subject_token(" eu-west_1 ") == "eu-west_1"
    for text in ("", "a.b", "a b", "*", ">", "x" * 65):
        with pytest.raises(ValueError, match="must be 1-64 of"):
            subject_token(text)
