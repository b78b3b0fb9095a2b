"""The list of known names, the reference and the services say the same."""

import subprocess
import sys
from pathlib import Path

import pytest

from mcpgateway.cli import service_settings
from mcpgateway.cli.settings_reference import ONLY_COMMANDS, SET_BY_UP
from mcpgateway.common.runtime.known_settings import entries

ROOT = Path(__file__).parents[3]
ONLY_UP = {"PG_ROOT"}


def test_the_known_names_are_exactly_those_that_some_service_reads() -> None:
    commands = {name for name, _, _ in ONLY_COMMANDS}
    read = set().union(*service_settings.names().values()) | ONLY_UP | commands
    listed = {name for name, entry in entries().items() if entry.kind in ("used", "own")}
    assert listed == read


@pytest.mark.parametrize("role", service_settings.MODULES)
def test_every_setting_is_documented_and_no_service_has_too_many(role: str) -> None:
    specs = service_settings.specs_of(role)
    assert all(spec.doc for spec in specs)
    assert len({spec.name for spec in specs}) == len(specs) <= 300


def test_what_up_works_out_is_read_by_some_service() -> None:
    assert set().union(*service_settings.names().values()) >= SET_BY_UP


def test_the_generated_files_are_up_to_date() -> None:
    argv = [sys.executable, "-m", "scripts.generate_docs", "--check"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
