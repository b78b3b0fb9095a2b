"""Who a server runs as."""

import os
from pathlib import Path

from mcpgateway.cli.embedded.identity import Identity, reachable, run


def test_the_same_identity_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    Identity().own(tmp_path / "file")
    assert Identity().spawn_user() == {}


def test_another_identity_drops_all_groups() -> None:
    expected = {"user": 7, "group": 8, "extra_groups": []}
    assert Identity(uid=7, gid=8).spawn_user() == expected


def test_a_folder_is_reachable_only_when_all_above_it_are(tmp_path: Path) -> None:
    inner = tmp_path / "private" / "inner"
    inner.mkdir(parents=True)
    inner.parent.chmod(0o700)
    assert not reachable(inner)
    assert reachable(Path("/"))


def test_a_command_that_fails_gives_its_words() -> None:
    env = {"PATH": os.environ["PATH"]}
    assert run(Identity(), ["sh", "-c", "echo broken >&2; exit 3"], env).strip() == "broken"
    assert run(Identity(), ["sh", "-c", "exit 3"], env) == "failed"
    assert run(Identity(), ["sh", "-c", "echo fine"], env) == ""
