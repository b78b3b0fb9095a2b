"""Weak secrets are found, named and never shown."""

import subprocess
from typing import Any

import pytest

from mcpgateway.control_plane.identity.weak import weaknesses
from support.control_plane import settings


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({}, []),
        ({"jwt_secret": "my-test-key"}, ["JWT_SECRET_KEY"]),
        ({"jwt_secret": "my-test-key-but-now-longer-than-32-bytes"}, ["JWT_SECRET_KEY"]),
        ({"jwt_secret": "a" * 64}, ["JWT_SECRET_KEY"]),
        ({"encryption_secret": "short"}, ["AUTH_ENCRYPTION_SECRET"]),
        ({"admin_password": "changeme"}, ["PLATFORM_ADMIN_PASSWORD"]),
        ({"admin_password": "Changeme123!"}, ["PLATFORM_ADMIN_PASSWORD"]),
        ({"basic_password": "changeme"}, []),
        ({"basic_password": "changeme", "basic_allowed": True}, ["BASIC_AUTH_PASSWORD"]),
        (
            {"jwt_secret": "x", "encryption_secret": "x"},
            ["JWT_SECRET_KEY", "AUTH_ENCRYPTION_SECRET"],
        ),
    ],
)
def test_weak_secrets_in_use_are_named(changes: dict[str, Any], named: list[str]) -> None:
    found = weaknesses(settings(**changes))
    assert [weakness.name for weakness in found] == named


def test_a_problem_never_shows_the_secret() -> None:
    [weakness] = weaknesses(settings(jwt_secret="hunter2hunter2"))
    assert "hunter2" not in weakness.problem + weakness.remedy


def test_the_remedy_can_be_pasted_and_makes_a_good_one() -> None:
    [weakness] = weaknesses(settings(jwt_secret="x"))
    script = f'{weakness.remedy}; printf %s "$JWT_SECRET_KEY"'
    made = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout
    assert weaknesses(settings(jwt_secret=made)) == []
