"""The `mcpgateway` command finds the right module, fast, and says what it can do."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from mcpgateway.cli.__main__ import COMMANDS, HELP, main


def run(*args: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    code = f"import sys; sys.path.insert(0, {str(path)!r})\n" if path else ""
    module = "import runpy; runpy.run_path({!r}, run_name='__main__')"
    entry = importlib.util.find_spec("mcpgateway.cli.__main__")
    assert entry is not None
    argv = [sys.executable, "-c", code + module.format(entry.origin), *args]
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_leads_to_a_module(command: str) -> None:
    assert importlib.util.find_spec(COMMANDS[command]) is not None


@pytest.mark.parametrize("command", sorted({*COMMANDS, "version"}))
def test_every_command_is_explained(command: str) -> None:
    assert f"\n  {command} " in HELP


def test_help_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert capsys.readouterr().out == HELP


def test_an_unknown_command_is_named_and_the_known_ones_are_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["upp"]) == 2
    assert "there is no command 'upp'" in capsys.readouterr().err


def test_the_version_needs_no_service() -> None:
    done = run("version")
    assert done.returncode == 0
    assert done.stdout.strip()


def test_options_without_a_command_are_those_of_up() -> None:
    done = run("--port", "0", "--data-dir", "/nonexistent")
    assert done.returncode == 2
    assert "PORT must be 1 to 65535" in done.stderr


def test_another_package_of_the_same_name_is_told_in_plain_words(tmp_path: Path) -> None:
    (tmp_path / "mcpgateway").mkdir()
    (tmp_path / "mcpgateway" / "__init__.py").write_text("")
    done = run("up", path=tmp_path)
    assert done.returncode == 1
    assert "another package named `mcpgateway` is installed here" in done.stderr
    assert "Traceback" not in done.stderr
