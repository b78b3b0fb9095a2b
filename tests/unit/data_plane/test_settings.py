"""What a data plane's environment must say, and what is told when it does not."""

import pytest

from mcpgateway.common.runtime.http.client import PoolLimits, Timeouts
from mcpgateway.common.runtime.settings import SettingsError, load
from mcpgateway.data_plane.settings import Settings
from support.data_plane import settings


def test_what_has_no_default_is_asked_for_all_at_once() -> None:
    with pytest.raises(SettingsError) as missing:
        load(Settings, {})
    assert [problem.partition(" ")[0] for problem in missing.value.problems] == [
        "MCPGATEWAY_DATA_PLANE_KEY",
        "MCPGATEWAY_ROUTING_PUBLIC_KEY",
        "MCPGATEWAY_EDGE_SECRET",
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MCPGATEWAY_DATA_PLANE_KEY", "short"),
        ("MCPGATEWAY_ROUTING_PUBLIC_KEY", "!!"),
        ("MCPGATEWAY_CONTROL_PLANE_URL", "localhost:4445"),
        ("MCPGATEWAY_TRUSTED_PROXIES", "10.0.0.1/40"),
        ("MCPGATEWAY_CLUSTER", "a.b"),
        ("PORT", "70000"),
        ("MCPGATEWAY_MAX_TABLE_AGE", "soon"),
    ],
)
def test_a_value_that_can_not_be_used_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        settings(**{name: value})


def test_secrets_are_never_shown() -> None:
    shown = repr(settings(MCPGATEWAY_EDGE_SECRET="hush"))
    assert "hush" not in shown


def test_lists_are_read_in_both_ways_of_writing_them() -> None:
    for text in (
        "https://a.example,https://b.example",
        '["https://a.example", "https://b.example"]',
    ):
        assert settings(ALLOWED_ORIGINS=text).allowed_origins == (
            "https://a.example",
            "https://b.example",
        )


def test_networks_are_denied_and_opened_as_at_registration() -> None:
    made = settings(SSRF_BLOCKED_NETWORKS="10.1.2.3/16", SSRF_ALLOWED_NETWORKS="127.0.0.0/8")
    assert made.addresses.problem("10.1.9.9", 80) is not None
    assert made.addresses.problem("127.0.0.1", 80) is None


def test_time_outs_and_limits_of_upstreams_are_read() -> None:
    usual, chosen = (
        settings(),
        settings(
            HTTPX_CONNECT_TIMEOUT="1",
            HTTPX_READ_TIMEOUT="2",
            HTTPX_POOL_TIMEOUT="3",
            MCPGATEWAY_UPSTREAM_TOTAL_TIMEOUT="4",
            MCPGATEWAY_UPSTREAM_CONNECTIONS="5",
            MCPGATEWAY_UPSTREAM_WAITERS="6",
        ),
    )
    assert usual.upstream_timeouts == Timeouts()
    assert usual.upstream_limits == PoolLimits()
    assert chosen.upstream_timeouts == Timeouts(connect=1, idle=2, total=4, busy=3)
    assert chosen.upstream_limits == PoolLimits(connections=5, waiters=6)
