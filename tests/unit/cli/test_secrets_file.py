"""Secrets are made once, kept privately, and never overwrite what the user gives."""

import re
from pathlib import Path

import pytest

from mcpgateway.cli import secrets_file
from mcpgateway.cli.errors import CommandError


def test_the_first_start_makes_every_secret(tmp_path: Path) -> None:
    found = secrets_file.ensure(tmp_path / "new", {})
    assert found.made == set(secrets_file.NAMES)
    assert all(len(value) >= 24 for value in found.values.values())
    assert len(set(found.values.values())) == len(secrets_file.NAMES)


def test_the_next_start_finds_them_again(tmp_path: Path) -> None:
    first = secrets_file.ensure(tmp_path, {})
    second = secrets_file.ensure(tmp_path, {})
    assert second.values == first.values
    assert second.made == frozenset()


def test_only_the_owner_can_read_them(tmp_path: Path) -> None:
    secrets_file.ensure(tmp_path, {})
    assert secrets_file.path(tmp_path).stat().st_mode & 0o777 == 0o600


def test_a_given_secret_is_used_and_not_written_down(tmp_path: Path) -> None:
    found = secrets_file.ensure(tmp_path, {"JWT_SECRET_KEY": "given by the user"})
    assert found.values["JWT_SECRET_KEY"] == "given by the user"
    assert "given by the user" not in secrets_file.path(tmp_path).read_text()


def test_a_given_secret_does_not_replace_the_kept_one(tmp_path: Path) -> None:
    first = secrets_file.ensure(tmp_path, {})
    secrets_file.ensure(tmp_path, {"JWT_SECRET_KEY": "given by the user"})
    assert secrets_file.ensure(tmp_path, {}).values == first.values


def test_an_empty_value_is_no_secret(tmp_path: Path) -> None:
    assert secrets_file.ensure(tmp_path, {"JWT_SECRET_KEY": ""}).values["JWT_SECRET_KEY"]


def test_another_encryption_secret_than_before_is_refused(tmp_path: Path) -> None:
    secrets_file.check_same(tmp_path, "first")
    secrets_file.check_same(tmp_path, "first")
    with pytest.raises(CommandError, match="credentials could not be opened") as caught:
        secrets_file.check_same(tmp_path, "second")
    assert "second" not in str(caught.value)


def test_the_token_command_finds_what_the_last_start_used(tmp_path: Path) -> None:
    assert secrets_file.remembered(tmp_path) == {}
    secrets_file.remember(tmp_path, {"JWT_ISSUER": "me", "DATABASE_URL": "not kept"})
    assert secrets_file.remembered(tmp_path) == {"JWT_ISSUER": "me"}


def test_made_secrets_can_stand_on_a_command_line(tmp_path: Path) -> None:
    made = secrets_file.ensure(tmp_path / "d", {}).values
    assert all(re.fullmatch("[0-9a-f]{24,}", value) for value in made.values())
