"""Which commands may run: a list of the operator's, and nothing that it does not name. Pure.

An entry is a program and patterns of its arguments, as words of a shell (which never reads them):
`uvx mcp-server-time --local-timezone=*`. The program must be the very same text. Each pattern is
for one argument; `*` stands for any characters, but not for the dash that makes an option of a
plain argument. A last word `...` allows whatever arguments follow; without it there are no more
than there are patterns.
"""

import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MOST = 256
REST = "..."


class NotAllowed(Exception):
    """Says why, in words for who registered the command."""


@dataclass(frozen=True, slots=True)
class Entry:
    """`rest`: further arguments may follow."""

    program: str
    patterns: tuple[str, ...] = ()
    rest: bool = False

    def problem(self, args: Sequence[str]) -> str | None:
        """Of arguments of its program; None when it allows them."""
        if len(args) < len(self.patterns):
            return f"argument {len(args) + 1} is missing"
        if len(args) > len(self.patterns) and not self.rest:
            return f"argument {len(self.patterns) + 1} is one too many"
        for index, (pattern, arg) in enumerate(zip(self.patterns, args, strict=False), 1):
            if not _matches(pattern, arg):
                return f"argument {index} is none that is allowed"
        return None


def _matches(pattern: str, arg: str) -> bool:
    if pattern.startswith("*") and arg.startswith("-"):
        return False
    first, *middle = pattern.split("*")
    if not middle:
        return arg == pattern
    last = middle.pop()
    if len(arg) < len(first) + len(last) or not (arg.startswith(first) and arg.endswith(last)):
        return False
    at, end = len(first), len(arg) - len(last)
    for part in middle:  # the first place of each is as good as any other: one look at `arg`
        found = arg.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def parse(text: str) -> tuple[Entry, ...]:
    """Entries by `;` or line breaks. Raises ValueError that names the one that is wrong."""
    found = tuple(_entry(line) for line in re.split(r"[;\n]", text) if line.strip())
    if len(found) > MOST:
        raise ValueError(f"may hold {MOST} commands, has {len(found)}")
    return found


def _entry(line: str) -> Entry:
    shown = line.strip()
    try:
        program, *patterns = shlex.split(shown)
    except ValueError as error:
        raise ValueError(f"has a command that can not be read: {shown!r}: {error}") from error
    if program.startswith("-") or "*" in program or program == REST:
        raise ValueError(f"must name each program exactly, got {shown!r}")
    if "/" in program and not program.startswith("/"):
        raise ValueError(f"must name programs alone or by an absolute path, got {shown!r}")
    rest = patterns[-1:] == [REST]
    patterns = patterns[:-1] if rest else patterns
    if REST in patterns:
        raise ValueError(f"may have {REST} as the last word of a command only, got {shown!r}")
    return Entry(program, tuple(patterns), rest)


def judge(entries: Iterable[Entry], program: str, args: Sequence[str]) -> None:
    """Raises NotAllowed, without the arguments, which may hold what is nobody else's business."""
    problems = [entry.problem(args) for entry in entries if entry.program == program]
    if not problems:
        raise NotAllowed(
            f"command {program!r} is not allowed here: MCPGATEWAY_STDIO_COMMANDS does not name it"
        )
    if None not in problems:
        raise NotAllowed(
            f"command {program!r} is not allowed with these arguments: {problems[0]} "
            "(MCPGATEWAY_STDIO_COMMANDS)"
        )
