"""From what is asked for to what is executed: program, arguments, environment, folder."""

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mcpgateway.common import processes
from mcpgateway.common.processes import Environment, Process
from mcpgateway.runner.stdio import launch
from mcpgateway.runner.stdio.allowed import Entry, NotAllowed, judge

_LAUNCHER = str(Path(launch.__file__).resolve())


@dataclass(frozen=True, slots=True)
class Launched:
    """Ready to be executed: no shell reads it, and nothing of it is looked up any more."""

    argv: tuple[str, ...]
    environment: Environment
    cwd: str


@dataclass(frozen=True)
class House:
    """What the operator allows and gives to all commands. `path` is where programs without a folder
    are found, and the PATH of each; `folders` are where `cwd` may be; `home` has a private folder
    for each upstream."""

    allowed: Sequence[Entry]
    path: str
    home: Path
    folders: Sequence[Path] = ()
    environment: Environment = ()

    def check(self, process: Process, environment: Environment) -> None:
        """Raises NotAllowed."""
        judge(self.allowed, process.command, process.args)
        for name, _ in environment:
            if not processes.VARIABLE.fullmatch(name) or processes.loads_code(name):
                raise NotAllowed(
                    f"variable {name!r} may make the program run something else: nobody may set it"
                )
        self._folder(process)

    def launched(self, upstream_id: str, process: Process, environment: Environment) -> Launched:
        """Makes its folder. Raises NotAllowed, also when there is no such program, and OSError."""
        self.check(process, environment)
        home = self.home / upstream_id
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        limits = (process.memory_mb, process.cpu_seconds, process.open_files, os.getpid())
        return Launched(
            argv=(
                *(sys.executable, "-I", "-S", _LAUNCHER),
                *(str(number) for number in limits),
                *("--", self._program(process.command), *process.args),
            ),
            environment=(*self._given(home), *environment),
            cwd=self._folder(process) or str(home),
        )

    def _given(self, home: Path) -> Environment:
        """Nothing of our own: what we were started with is no business of a command's."""
        own = (("PATH", self.path), ("HOME", str(home)), ("TMPDIR", str(home)), ("LANG", "C.UTF-8"))
        return (*own, *self.environment)

    def _program(self, command: str) -> str:
        found = shutil.which(command, path=self.path)
        if found is None:
            where = "" if "/" in command else f" in {self.path} (MCPGATEWAY_STDIO_PATH)"
            raise NotAllowed(f"there is no program {command!r}{where}")
        return found

    def _folder(self, process: Process) -> str:
        """Links are followed before it is judged."""
        if not process.cwd:
            return ""
        folder = Path(process.cwd).resolve()
        if not any(folder.is_relative_to(each.resolve()) for each in self.folders):
            raise NotAllowed(
                f"cwd {process.cwd!r} is in no folder of MCPGATEWAY_STDIO_FOLDERS: leave it out"
            )
        return str(folder)
