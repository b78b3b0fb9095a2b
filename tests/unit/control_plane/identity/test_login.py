"""Failed logins are counted by email, in a window, within bounds."""

from datetime import UTC, datetime, timedelta

import pytest

from mcpgateway.common.errors import LimitExceeded
from mcpgateway.control_plane.identity.login import FAILURES, WINDOW, Failures

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def failed(failures: Failures, email: str, times: int) -> None:
    for _ in range(times):
        failures.note(email, NOW)


def test_the_limit_counts_one_email_only() -> None:
    failures = Failures()
    failed(failures, "a", FAILURES)
    failures.check("b", NOW)
    with pytest.raises(LimitExceeded) as error:
        failures.check("a", NOW)
    assert error.value.retry_after == WINDOW.total_seconds()


def test_failures_grow_old_and_success_forgets_them() -> None:
    failures = Failures()
    failed(failures, "a", FAILURES)
    failures.check("a", NOW + WINDOW + timedelta(seconds=1))
    failures.forget("a")
    failures.check("a", NOW)


def test_a_full_memory_forgets_who_failed_longest_ago() -> None:
    failures = Failures(limit=2)
    for email in ("a", "b", "c"):
        failed(failures, email, FAILURES)
    failures.check("a", NOW)
    with pytest.raises(LimitExceeded):
        failures.check("c", NOW)
