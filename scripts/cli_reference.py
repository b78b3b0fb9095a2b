"""`docs/reference/cli.md`, from what each command says of itself with `--help`."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from mcpgateway.cli.__main__ import COMMANDS

_MODULES = {
    **{f"mcpgateway {name}": ["mcpgateway.cli", name] for name in COMMANDS},
    "mcpgateway import openapi": ["mcpgateway.cli", "import", "openapi"],
    "python -m mcpgateway.utils.create_jwt_token": ["mcpgateway.utils.create_jwt_token"],
}
_HEAD = """\
# Commands

`mcpgateway COMMAND`; without a command `mcpgateway` means `mcpgateway up`, with its options. Each
command explains itself with `--help`, which is where this page comes from (`make docs`).
`translate` and `wrapper` run with `python -m mcpgateway.<name>` as well. What services read from
the environment is in [settings.md](settings.md).
"""


def commands() -> str:
    """Markdown: a chapter for each command."""
    with ThreadPoolExecutor(4) as pool:
        chapters = pool.map(_chapter, _MODULES)
    return "\n".join([_HEAD, *chapters])


def _chapter(program: str) -> str:
    usage, description, *sections = re.split(r"\n\n", _help(program).strip())
    said = re.sub(r"^`[^`]+`: ", "", description).strip()
    lines = [f"## {program}", "", said[:1].upper() + said[1:], ""]
    lines += ["```", usage.removeprefix("usage: "), "```", ""]
    for section in sections:
        title, *body = section.splitlines()
        rows = [_row(*pair) for pair in _pairs(body) if "--help" not in pair[0]]
        if not body:
            lines += [title, ""]
        elif rows:
            lines += [f"| {title.removesuffix(':')} | |", "|---|---|", *rows, ""]
    return "\n".join(lines)


def _help(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *_MODULES[program], "--help"],
        env={"PATH": os.environ.get("PATH", ""), "COLUMNS": "1000"},  # nothing is wrapped
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def _pairs(body: list[str]) -> Iterator[tuple[str, str]]:
    """Each option and its meaning, which stands behind it or, when that is long, below it."""
    option = ""
    for line in body:
        if line.startswith("   "):
            yield option, line.strip()
            option = ""
            continue
        if option:
            yield option, ""
        option, _, meaning = line.strip().partition("  ")
        if meaning:
            yield option, meaning.strip()
            option = ""
    if option:
        yield option, ""


def _row(option: str, meaning: str) -> str:
    """Python versions differ in whether every spelling of an option shows its value."""
    *others, last = option.split(", ")
    spelled = ", ".join([*(other.split(" ")[0] for other in others), last])
    return f"| `{spelled}` | {meaning} |".replace("  ", " ")
