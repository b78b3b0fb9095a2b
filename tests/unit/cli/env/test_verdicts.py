"""What becomes of each setting of a ContextForge `.env` file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.cli import dotenv, service_settings
from mcpgateway.cli.env import report
from mcpgateway.cli.env.verdicts import OTHER_DEFAULTS, Verdict, translate
from mcpgateway.common.runtime import known_settings

KNOWN = known_settings.entries()
SPECS = {role: service_settings.specs_of(role) for role in service_settings.MODULES}
LONG = "0123456789abcdefghijklmnopqrstuvwxyz"


def verdict(name: str, value: str, **others: str) -> Verdict:
    found = translate({name: value, **others}, KNOWN, SPECS).verdicts[0]
    assert found.name == name
    return found


@pytest.mark.parametrize("name", sorted(n for n, e in KNOWN.items() if e.kind != "own"))
def test_each_contextforge_setting_has_an_outcome_and_what_is_not_kept_a_reason(name: str) -> None:
    found = verdict(name, "true")
    assert found.outcome != "unknown"
    assert found.reason or found.outcome == "kept"


@pytest.mark.parametrize(
    ("name", "value", "outcome", "said"),
    [
        ("DATABASE_URL", "sqlite:///./mcp.db", "dropped", "SQLite"),
        ("DATABASE_URL", "mysql+pymysql://u:hidden@h/db", "dropped", "PostgreSQL"),
        ("DATABASE_URL", "postgresql+psycopg://u:p@h:5432/mcp", "kept", "empty database"),
        ("DATABASE_URL", "oracle://u:hidden@h", "refused", "must look like postgresql://"),
        ("JWT_SECRET_KEY", "my-test-key", "refused", "11 characters"),
        ("JWT_SECRET_KEY", "__REPLACE_ME__run_init-secrets", "dropped", "placeholder"),
        ("AUTH_ENCRYPTION_SECRET", LONG, "kept", "--rekey-secret"),
        ("PLATFORM_ADMIN_PASSWORD", "changeme", "refused", "default"),
        ("LOG_LEVEL", "ERROR", "kept", "INFO"),
        ("LOG_LEVEL", "LOUD", "refused", "must be one of"),
        ("PORT", "many", "refused", "whole number"),
        ("MCG_PORT", "4444", "renamed", "PORT"),
        ("SSRF_ALLOWED_NETWORKS", '["10.0.0.0/8", "192.168.0.0/16"]', "changed", "commas"),
        ("REDIS_URL", "redis://h:6379/0", "dropped", "Redis"),
        ("SSRF_PROTECTION_ENABLED", "false", "refused", "address guard"),
        ("SSRF_PROTECTION_ENABLED", "true", "dropped", "always"),
        ("HOST", "", "dropped", "default"),
        ("LOG_LEVLE", "INFO", "unknown", "did you mean LOG_LEVEL?"),
        ("MY_OWN", "1", "unknown", "no setting"),
    ],
)
def test_values_are_judged(name: str, value: str, outcome: str, said: str) -> None:
    found = verdict(name, value)
    assert found.outcome == outcome, found
    assert said in found.reason


def test_a_list_in_json_becomes_one_with_commas() -> None:
    assert (
        verdict("SSRF_ALLOWED_NETWORKS", '["10.0.0.0/8","::1/128"]').value == "10.0.0.0/8,::1/128"
    )


def test_a_name_that_stands_there_itself_wins_over_its_alias() -> None:
    assert verdict("MCG_PORT", "1", PORT="2").outcome == "dropped"
    assert translate({"MCG_PORT": "1", "PORT": "2"}, KNOWN, SPECS).values == {"PORT": "2"}


def test_settings_left_out_whose_default_differs_are_told() -> None:
    told = {name for name, _, _ in translate({"LOG_LEVEL": "INFO"}, KNOWN, SPECS).defaults}
    assert told == set(OTHER_DEFAULTS) - {"LOG_LEVEL"}


def test_what_is_said_of_our_defaults_is_about_settings_that_are_read_here() -> None:
    assert {KNOWN[name].kind for name in OTHER_DEFAULTS} == {"used"}


@given(st.text(st.characters(codec="ascii", exclude_characters="\n\r"), min_size=1, max_size=40))
def test_no_report_shows_a_secret(value: str) -> None:
    marked = f"s3cr{value}et"
    names = [s.name for own in SPECS.values() for s in own if s.secret]
    translation = translate(dict.fromkeys(names, marked), KNOWN, SPECS)
    assert marked not in report.text(translation, "old")
    assert marked not in report.as_json(translation)


@given(
    st.dictionaries(
        st.sampled_from(sorted(KNOWN)), st.text(st.characters(codec="ascii"), max_size=20)
    )
)
def test_the_new_file_sets_what_was_kept_and_translates_to_itself(old: dict[str, str]) -> None:
    first = translate(old, KNOWN, SPECS)
    written = dotenv.parse(report.env_file(first, "old"))
    assert written == first.values
    again = translate(written, KNOWN, SPECS)
    assert again.values == first.values
    assert {each.outcome for each in again.verdicts} <= {"kept"}
