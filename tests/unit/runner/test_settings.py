"""What a runner is told, and what it makes of it."""

from pathlib import Path

import pytest

from mcpgateway.common import keys
from mcpgateway.common.runtime.settings import SettingsError, load
from mcpgateway.runner.settings import Settings

KEY = keys.ring_text(keys.runner_ring(("a secret of the test suite",), "local", "default"))


def read(**said: str) -> Settings:
    return load(Settings, {"MCPGATEWAY_RUNNER_KEY": KEY, **said})


def test_nothing_is_run_unless_it_is_said() -> None:
    settings = read()
    assert not settings.stdio_enabled
    assert settings.stdio_commands == ()
    assert settings.stdio_folders == ()
    assert settings.host == "127.0.0.1"


def test_without_a_key_it_does_not_start() -> None:
    with pytest.raises(SettingsError, match="MCPGATEWAY_RUNNER_KEY is required"):
        load(Settings, {})


def test_what_is_said_is_read() -> None:
    settings = read(
        MCPGATEWAY_STDIO_COMMANDS="uvx a; npx ...",
        MCPGATEWAY_STDIO_DIR="/srv/homes",
        MCPGATEWAY_STDIO_FOLDERS="/srv/a, /srv/b",
        MCPGATEWAY_STDIO_ENVIRONMENT="A=b=c,D=",
    )
    assert [entry.program for entry in settings.stdio_commands] == ["uvx", "npx"]
    assert settings.stdio_folder == Path("/srv/homes")
    assert settings.stdio_folders == (Path("/srv/a"), Path("/srv/b"))
    assert settings.stdio_environment == (("A", "b=c"), ("D", ""))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KEY", "nonsense"),
        ("STDIO_COMMANDS", "./uvx"),
        ("STDIO_DIR", "homes"),
        ("STDIO_FOLDERS", "/srv/a,b"),
        ("STDIO_ENVIRONMENT", "A-B=secret-value"),
    ],
)
def test_what_can_not_be_meant_is_refused_and_no_secret_shown(name: str, value: str) -> None:
    full = f"MCPGATEWAY_{'RUNNER_' if name == 'KEY' else ''}{name}"
    with pytest.raises(SettingsError, match=full) as caught:
        read(**{full: value})
    assert "secret-value" not in str(caught.value)
    assert KEY not in repr(read())
