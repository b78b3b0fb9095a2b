"""Where tokens of logins are kept."""

import stat
from pathlib import Path

import pytest

from mcpgateway.cli.errors import CommandError
from mcpgateway.cli.logins.current import token_for
from mcpgateway.cli.logins.kept import Login, Logins, folder


def login(url: str, access: str = "token", expires: float = 1000.0) -> Login:
    return Login(url, f"{url}/token", f"{url}/revoke", access, expires)


def test_nobody_else_can_read_them(tmp_path: Path) -> None:
    Logins(tmp_path / "new").keep(login("https://gateway.example"))
    file = tmp_path / "new" / "logins.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://gateway.example/servers/1/mcp", "https://gateway.example"),
        ("https://gateway.example", "https://gateway.example"),
        ("https://gateway.example/two/mcp", "https://gateway.example/two"),
        ("https://gateway.example/twofold", "https://gateway.example"),
        ("http://gateway.example/mcp", None),
        ("https://gateway.example:8443/mcp", None),
        ("https://gateway.example.evil.example/mcp", None),
    ],
)
def test_a_token_goes_to_its_own_gateway_alone(tmp_path: Path, url: str, found: str | None) -> None:
    logins = Logins(tmp_path)
    logins.keep(login("https://gateway.example"))
    logins.keep(login("https://gateway.example/two"))
    covering = logins.covering(url)
    assert (covering.url if covering else None) == found


def test_a_login_that_is_forgotten_is_gone(tmp_path: Path) -> None:
    logins = Logins(tmp_path)
    logins.keep(login("https://one.example"))
    logins.keep(login("https://two.example"))
    logins.forget("https://one.example")
    assert list(logins.read()) == ["https://two.example"]


def test_a_file_that_is_not_ours_is_told(tmp_path: Path) -> None:
    (tmp_path / "logins.json").write_text('["x"]')
    with pytest.raises(CommandError, match=r"logins\.json can not be read"):
        Logins(tmp_path).read()


def test_the_folder_is_the_users(tmp_path: Path) -> None:
    assert folder({"HOME": "/home/ann"}) == Path("/home/ann/.config/mcpgateway")
    assert folder({"XDG_CONFIG_HOME": "/c"}) == Path("/c/mcpgateway")
    assert folder({"MCPGATEWAY_CONFIG_DIR": "/own", "HOME": "/home/ann"}) == Path("/own")


def test_a_token_is_given_while_it_counts_and_without_refresh_no_longer(tmp_path: Path) -> None:
    Logins(tmp_path).keep(login("https://gateway.example", expires=1000.0))
    environ = {"MCPGATEWAY_CONFIG_DIR": str(tmp_path)}
    clock = iter((0.0, 999.0, 999.0, 1000.0, 1000.0))
    seen = [token_for("https://gateway.example", environ, lambda: next(clock)) for _ in range(3)]
    assert seen == ["token", "token", ""]
    assert token_for("https://other.example", environ, lambda: 0.0) == ""
