"""Programs from PyPI that the benchmark asks for, each in a virtual environment of its own.

They are kept in `.tools/`, which git ignores, and installed on first use.
"""

import os
import subprocess
import sys
from pathlib import Path

from bench.contract import Skipped

KEPT = Path(__file__).parent.parent / ".tools"
_LAST_LINES = 3


def environment(name: str, *packages: str) -> Path:
    """The `bin` folder of an environment with these packages. Raises Skipped when they can not be
    installed here."""
    made = KEPT / name
    done = made / "installed"
    if done.exists() and done.read_text() == "\n".join(packages):
        return made / "bin"
    print(f"installing {', '.join(packages)} into {made}", file=sys.stderr)
    uv = [sys.executable, "-m", "uv"]
    _run([*uv, "venv", "-q", "--clear", "--python", sys.executable, str(made)])
    _run([*uv, "pip", "install", "-q", "--python", str(made / "bin" / "python"), *packages])
    done.write_text("\n".join(packages))
    return made / "bin"


def version(programs: Path, package: str) -> str:
    """Of a package in such an environment."""
    code = f"from importlib.metadata import version; print(version({package!r}))"
    return subprocess.check_output([str(programs / "python"), "-c", code], text=True).strip()


def _run(command: list[str]) -> None:
    env = {name: text for name, text in os.environ.items() if name != "VIRTUAL_ENV"}
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    if ended.returncode:
        why = "; ".join(ended.stderr.strip().splitlines()[-_LAST_LINES:])
        raise Skipped(f"{' '.join(command[3:])} failed: {why}")
