"""Settings of the control plane."""

import pytest

from mcpgateway.common.runtime.settings import SettingsError, load
from mcpgateway.control_plane.settings.process import Settings, database_url

NEEDED = {
    "DATABASE_URL": "postgresql://u:p@db/x",
    "AUTH_ENCRYPTION_SECRET": "a",
    "JWT_SECRET_KEY": "b",
    "PLATFORM_ADMIN_PASSWORD": "c",
}


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://u:p@h:5432/d?sslmode=disable",
        "postgres://u:p@h:5432/d?sslmode=disable",
        "postgresql+psycopg://u:p@h:5432/d?sslmode=disable",
        "postgresql+asyncpg://u:p@h:5432/d?sslmode=disable",
    ],
)
def test_drivers_are_stripped_from_a_database_url(text: str) -> None:
    assert database_url(text) == "postgresql://u:p@h:5432/d?sslmode=disable"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("mysql://u:secret@h/d", "MySQL is not supported"),
        ("mariadb+pymysql://u:secret@h/d", "MariaDB is not supported"),
        ("sqlite:///secret.db", "mcpgateway up"),
        ("secret", "must look like postgresql://"),
        ("postgresql://u:secret@h:port/d", "port"),
        ("postgresql:///secret", "names no host"),
    ],
)
def test_a_bad_database_url_says_why_and_never_shows_itself(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as error:
        database_url(text)
    assert "secret" not in str(error.value)


def test_all_missing_settings_are_told_at_once() -> None:
    with pytest.raises(SettingsError) as error:
        load(Settings, {"PORT": "x"})
    named = {problem.split()[0] for problem in error.value.problems}
    assert named == {*NEEDED, "PORT"}


def test_secrets_are_not_in_the_settings_repr() -> None:
    settings = load(
        Settings,
        NEEDED | {"JWT_SECRET_KEY": "do-not-show", "DATABASE_URL": "postgres://u:do-not-show@h/"},
    )
    assert "do-not-show" not in repr(settings)


@pytest.mark.parametrize(
    ("environ", "allowed"),
    [
        ({}, True),
        ({"HOST": "0.0.0.0"}, False),
        ({"MCPGATEWAY_PUBLIC_HOST": "0.0.0.0"}, False),
        ({"HOST": "::1"}, True),
        ({"HOST": "0.0.0.0", "SSRF_ALLOW_LOCALHOST": "true"}, True),
        ({"HOST": "0.0.0.0", "SSRF_ALLOW_LOCALHOST": "1"}, True),
        ({"SSRF_ALLOW_LOCALHOST": "false"}, False),
    ],
)
def test_loopback_upstreams_are_allowed_while_only_this_machine_can_reach_us(
    environ: dict[str, str], allowed: bool
) -> None:
    policy = load(Settings, NEEDED | environ).addresses
    assert (policy.problem("127.0.0.1", 9) is None) is allowed


def test_no_upstream_can_be_the_gateway_itself() -> None:
    policy = load(Settings, NEEDED | {"PORT": "4445", "MCPGATEWAY_PUBLIC_PORT": "4444"}).addresses
    for port in (4444, 4445):
        assert "the gateway itself" in str(policy.problem("127.0.0.1", port))
    assert policy.problem("127.0.0.1", 4446) is None


@pytest.mark.parametrize("name", ["MCPGATEWAY_CLUSTER", "MCPGATEWAY_GROUP"])
def test_a_name_that_is_no_part_of_a_subject_is_a_wrong_setting(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} must be 1-64 of"):
        load(Settings, NEEDED | {name: "eu.west"})
