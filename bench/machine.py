"""What the figures were measured on. No names of hosts."""

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path


def describe() -> dict[str, str]:
    """What makes figures differ, by the name of each."""
    processor = _first("/proc/cpuinfo", r"model name\s*: (.+)")
    kilobytes = _first("/proc/meminfo", r"MemTotal:\s*(\d+)")
    return {
        "processor": f"{processor or platform.machine()}, {os.cpu_count()} cores",
        "memory": f"{int(kilobytes or 0) / 1e6:.0f} GB",
        "kernel": f"{platform.system()} {platform.release().partition('-')[0]}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "nginx": _version("nginx", "-v"),
        "wrk": _version("wrk", "-v"),
    }


def busy() -> float:
    """The load average of the last minute."""
    return round(os.getloadavg()[0], 2)


def missing(programs: tuple[str, ...], find: Callable[[str], object] = shutil.which) -> list[str]:
    return [name for name in programs if find(name) is None]


def _first(path: str, pattern: str) -> str:
    try:
        found = re.search(pattern, Path(path).read_text())
    except OSError:
        return ""
    return found[1].strip() if found else ""


def _version(program: str, option: str) -> str:
    """The first number with a dot in it that the program says of itself."""
    try:
        shown = subprocess.run([program, option], capture_output=True, text=True, check=False)
    except OSError:
        return "none"
    found = re.search(r"\d+\.[\d.]+", shown.stdout + shown.stderr)
    return found[0] if found else "unknown"
