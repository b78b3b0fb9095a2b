"""What is said of each variable in the environment before anything starts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.runtime.known_settings import (
    Entry,
    Review,
    apply_aliases,
    edits,
    entries,
    misspelt,
    review,
)

KNOWN = entries()
WORDS = st.text("AB_", max_size=8)


def reviewed(**environ: str) -> Review:
    return review(environ, KNOWN)


def test_every_line_of_the_list_has_a_class_and_a_reason() -> None:
    assert len(KNOWN) > 779
    for entry in KNOWN.values():
        assert entry.kind in ("used", "own", "alias", "ignored", "unsafe")
        assert bool(entry.note) == (entry.kind not in ("used", "own")), entry


def test_an_alias_leads_to_a_used_name() -> None:
    targets = [entry.note for entry in KNOWN.values() if entry.kind == "alias"]
    assert targets
    assert {KNOWN[target].kind for target in targets} == {"used"}


def test_used_settings_say_nothing() -> None:
    assert reviewed(HOST="h", MCPGATEWAY_UI_ENABLED="true", PATH="/bin") == Review((), ())


def test_settings_without_effect_are_named_in_one_line() -> None:
    found = reviewed(DB_POOL_SIZE="3", SSO_ISSUERS="x", MCPGATEWAY_A2A_ENABLED="true")
    assert found.refusals == ()
    assert found.notices == (
        "settings without effect here: DB_POOL_SIZE, MCPGATEWAY_A2A_ENABLED, SSO_ISSUERS",
    )


def test_a_redis_is_accepted_and_told_to_be_unused() -> None:
    found = reviewed(REDIS_URL="redis://h")
    assert found == Review(("settings without effect here: REDIS_URL",), ())


def test_a_foreign_name_that_looks_like_a_setting_is_told_and_does_not_stop_the_start() -> None:
    found = reviewed(JWT_SECRET_KY="x", POST="x", SSL_CERT_FILE="x", MY_OWN_VARIABLE="x")
    assert found == Review(("JWT_SECRET_KY is not a setting: did you mean JWT_SECRET_KEY?",), ())


def test_a_long_list_is_cut_with_the_number_of_the_rest() -> None:
    many = {name: "x" for name, entry in KNOWN.items() if entry.kind == "ignored"}
    (line,) = reviewed(**many).notices
    assert line.endswith(f" and {len(many) - 8} more")


@pytest.mark.parametrize("value", ["true", "TRUE", "1", "yes"])
def test_what_would_switch_a_protection_off_is_refused_with_the_reason(value: str) -> None:
    (refusal,) = reviewed(TRUST_PROXY_AUTH_DANGEROUSLY=value).refusals
    assert refusal == (
        f"TRUST_PROXY_AUTH_DANGEROUSLY={value} is refused: "
        "a header is no proof of identity; send bearer tokens"
    )


def test_the_safe_value_of_the_same_setting_is_only_without_effect() -> None:
    assert reviewed(TRUST_PROXY_AUTH_DANGEROUSLY="false").refusals == ()


@pytest.mark.parametrize(
    ("typed", "known"),
    [
        ("MCPGATEWAY_UI_ENABLD", "MCPGATEWAY_UI_ENABLED"),
        ("MCPGATEWAY_DATADIR", "MCPGATEWAY_DATA_DIR"),
        ("MCPGATEWAY_GRUOP", "MCPGATEWAY_GROUP"),
    ],
)
def test_a_misspelt_name_stops_the_start_with_the_right_one(typed: str, known: str) -> None:
    (refusal,) = reviewed(**{typed: "x"}).refusals
    assert refusal == f"{typed} is not a setting: did you mean {known}?"


def test_a_name_that_resembles_none_is_only_named() -> None:
    found = reviewed(MCPGATEWAY_SOMETHING_ELSE_ENTIRELY="x")
    assert found == Review(("unknown settings: MCPGATEWAY_SOMETHING_ELSE_ENTIRELY",), ())


def test_names_in_an_env_file_are_checked_whatever_their_prefix() -> None:
    assert reviewed(JWT_SECRET_KYE="x").refusals == ()
    (refusal,) = review({"JWT_SECRET_KYE": "x"}, KNOWN, ("JWT_SECRET_KYE",)).refusals
    assert "did you mean JWT_SECRET_KEY?" in refusal


@pytest.mark.parametrize(
    "name",
    [
        "MCPGATEWAY_PORT",
        "MCPGATEWAY_SERVICE_HOST",
        "MCPGATEWAY_SERVICE_PORT",
        "MCPGATEWAY_SERVICE_PORT_HTTP",
        "MCPGATEWAY_PORT_4444_TCP",
        "MCPGATEWAY_PORT_4444_TCP_ADDR",
        "MCPGATEWAY_DATA_PLANE_PORT",
    ],
)
def test_what_kubernetes_makes_for_a_service_is_let_be(name: str) -> None:
    assert reviewed(**{name: "tcp://10.0.0.1:80"}) == Review((), ())


def test_empty_values_are_not_set() -> None:
    assert reviewed(MCPGATEWAY_UI_ENABLD="", DB_POOL_SIZE="") == Review((), ())


def test_an_alias_fills_the_name_here_unless_that_is_set() -> None:
    known = {"OLD": Entry("OLD", "alias", "NEW"), "NEW": Entry("NEW", "used", "")}
    assert apply_aliases({"OLD": "1"}, known)["NEW"] == "1"
    assert apply_aliases({"OLD": "1", "NEW": "2"}, known)["NEW"] == "2"
    assert "read as NEW" in review({"OLD": "1"}, known).notices[0]


@given(WORDS, WORDS)
def test_the_distance_of_words_is_symmetric_and_zero_only_for_equals(a: str, b: str) -> None:
    assert edits(a, b) == edits(b, a)
    assert (edits(a, b) == 0) == (a == b)
    assert abs(len(a) - len(b)) <= edits(a, b) <= max(len(a), len(b))


@given(st.sampled_from(sorted(n for n in KNOWN if len(n) > 8)), st.integers(1, 7))
def test_dropping_one_letter_of_a_name_is_always_noticed(name: str, at: int) -> None:
    assert misspelt(name[:at] + name[at + 1 :], KNOWN) is not None
