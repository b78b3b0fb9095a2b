"""How a user calls this program again."""

import shutil
import sys
from pathlib import Path


def own_name() -> str:
    """`mcpgateway` when a shell finds it by that name, else the path of the program."""
    beside = Path(sys.executable).with_name("mcpgateway")
    found = shutil.which("mcpgateway")
    return "mcpgateway" if found and Path(found) == beside else str(beside)
