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
    secrets_file.check_same(tmp_path, ("first",))
    secrets_file.check_same(tmp_path, ("first",))
    with pytest.raises(CommandError, match="credentials could not be opened") as caught:
        secrets_file.check_same(tmp_path, ("second",))
    assert "second" not in str(caught.value)


def test_a_changed_secret_is_taken_as_long_as_the_former_one_is_accepted(tmp_path: Path) -> None:
    secrets_file.check_same(tmp_path, ("first",))
    secrets_file.check_same(tmp_path, ("second", "first"))
    secrets_file.check_same(tmp_path, ("second",))
    with pytest.raises(CommandError, match="credentials could not be opened"):
        secrets_file.check_same(tmp_path, ("first",))


def test_a_secret_changes_in_three_steps_that_never_forget_one_in_use(tmp_path: Path) -> None:
    def now() -> tuple[str, ...]:
        return secrets_file.in_use(secrets_file.ensure(tmp_path, {}).values)

    (first,) = now()
    secrets_file.rotate(tmp_path, "begin")
    assert now()[0] == first
    second = now()[1]
    secrets_file.rotate(tmp_path, "switch")
    assert now() == (second, first)
    secrets_file.rotate(tmp_path, "end")
    assert now() == (second,)
    secrets_file.rotate(tmp_path, "switch")
    assert now()[1] == second


def test_a_step_that_does_not_fit_changes_nothing(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="there is no"):
        secrets_file.rotate(tmp_path, "begin")
    before = secrets_file.ensure(tmp_path, {}).values
    with pytest.raises(CommandError, match="no change is under way"):
        secrets_file.rotate(tmp_path, "end")
    assert secrets_file.ensure(tmp_path, {}).values == before
    secrets_file.rotate(tmp_path, "begin")
    with pytest.raises(CommandError, match="under way already"):
        secrets_file.rotate(tmp_path, "begin")


def test_what_the_file_accepts_does_not_join_a_secret_that_is_given(tmp_path: Path) -> None:
    secrets_file.ensure(tmp_path, {})
    secrets_file.rotate(tmp_path, "begin")
    given = {"AUTH_ENCRYPTION_SECRET": "mine"}
    assert secrets_file.in_use(secrets_file.ensure(tmp_path, given).values) == ("mine",)
    given["AUTH_ENCRYPTION_SECRET_ACCEPTED"] = "last, mine"
    assert secrets_file.in_use(secrets_file.ensure(tmp_path, given).values) == ("mine", "last")


def test_the_token_command_finds_what_the_last_start_used(tmp_path: Path) -> None:
    assert secrets_file.remembered(tmp_path) == {}
    secrets_file.remember(tmp_path, {"JWT_ISSUER": "me", "DATABASE_URL": "not kept"})
    assert secrets_file.remembered(tmp_path) == {"JWT_ISSUER": "me"}


def test_made_secrets_can_stand_on_a_command_line(tmp_path: Path) -> None:
    made = secrets_file.ensure(tmp_path / "d", {}).values
    assert all(re.fullmatch("[0-9a-f]{24,}", value) for value in made.values())
