"""From what is asked for to what is executed."""

import os
import sys
from pathlib import Path

import pytest

from mcpgateway.common.processes import Environment, Process
from mcpgateway.runner.stdio.allowed import NotAllowed, parse
from mcpgateway.runner.stdio.launching import House, Launched


def house(tmp_path: Path, allowed: str = "tool ...", **more: object) -> House:
    programs = tmp_path / "bin"
    programs.mkdir(exist_ok=True)
    (programs / "tool").write_text("")
    (programs / "tool").chmod(0o755)
    return House(parse(allowed), str(programs), tmp_path / "home", **more)  # type: ignore[arg-type]  # by name


def launched(house: House, process: Process, environment: Environment = ()) -> Launched:
    return house.launched("u1", process, environment)


def test_a_program_is_found_once_and_its_limits_come_first(tmp_path: Path) -> None:
    process = Process("tool", ("a", "--"), memory_mb=7, cpu_seconds=8, open_files=9)
    found = launched(house(tmp_path), process)
    python, isolated, alone, launcher, *limits = found.argv[:8]
    assert (python, isolated, alone) == (sys.executable, "-I", "-S")
    assert Path(launcher).name == "launch.py"
    assert limits == ["7", "8", "9", str(os.getpid())]
    assert found.argv[8:] == ("--", str(tmp_path / "bin" / "tool"), "a", "--")


def test_what_was_registered_wins_over_what_the_operator_gives_all(tmp_path: Path) -> None:
    made = house(tmp_path, environment=(("A", "all"), ("B", "all")))
    environment = dict(launched(made, Process("tool"), (("A", "own"),)).environment)
    assert (environment["A"], environment["B"]) == ("own", "all")
    assert environment["PATH"] == str(tmp_path / "bin")


def test_a_home_is_private_and_where_it_works(tmp_path: Path) -> None:
    found = launched(house(tmp_path), Process("tool"))
    assert found.cwd == str(tmp_path / "home" / "u1")
    assert Path(found.cwd).stat().st_mode & 0o777 == 0o700


def test_a_program_that_is_not_there_is_told_with_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(NotAllowed, match="MCPGATEWAY_STDIO_PATH"):
        launched(house(tmp_path, "other ..."), Process("other"))
    with pytest.raises(NotAllowed, match="there is no program"):
        launched(house(tmp_path, "/nowhere/tool"), Process("/nowhere/tool"))


def test_nothing_is_made_for_what_is_not_allowed(tmp_path: Path) -> None:
    made = house(tmp_path)
    for process, environment in (
        (Process("sh"), ()),
        (Process("tool"), (("PATH", "/tmp"),)),
        (Process("tool", cwd="/"), ()),
    ):
        with pytest.raises(NotAllowed):
            launched(made, process, environment)
    assert not made.home.exists()


def test_a_folder_is_one_of_the_allowed_or_inside_one(tmp_path: Path) -> None:
    allowed = tmp_path / "allowed"
    (allowed / "inside").mkdir(parents=True)
    (tmp_path / "allowed-not").mkdir()
    made = house(tmp_path, folders=(allowed,))
    for good in (allowed, allowed / "inside"):
        assert launched(made, Process("tool", cwd=str(good))).cwd == str(good)
    with pytest.raises(NotAllowed):
        launched(made, Process("tool", cwd=str(tmp_path / "allowed-not")))
