"""The logins at a NATS server that `up` did not start."""

from pathlib import Path

from mcpgateway.cli.nats_accounts import kept, logins
from mcpgateway.common.subjects import Subjects


def test_a_folder_of_nats_auth_gives_each_role_its_own_login(tmp_path: Path) -> None:
    accounts = kept(tmp_path, Subjects("local", "default"))
    assert logins(str(tmp_path)) == (str(accounts.control_plane), str(accounts.data_plane))


def test_logins_of_an_earlier_version_get_the_permissions_of_this_one(tmp_path: Path) -> None:
    subjects = Subjects("local", "default")
    made = kept(tmp_path, subjects)
    logins = [path.read_text() for path in (made.control_plane, made.data_plane)]
    for path in (made.control_plane, made.data_plane):
        path.write_text("of an earlier version")
    again = kept(tmp_path, subjects)
    assert again.config == made.config
    assert [path.read_text() for path in (again.control_plane, again.data_plane)] == logins


def test_one_file_serves_both_and_none_stays_none(tmp_path: Path) -> None:
    assert logins(str(tmp_path / "my.creds")) == (str(tmp_path / "my.creds"),) * 2
    assert logins("") == ("", "")
