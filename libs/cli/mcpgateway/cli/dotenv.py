"""`.env` files: NAME=VALUE lines as shells and ContextForge's users write them. Pure.

Takes comments, blank lines, `export NAME=...`, quotes, and a comment after an unquoted value.
Does not expand variables.
"""

import re
from collections.abc import Mapping

from mcpgateway.cli.errors import UsageError

MAX_SIZE = 1024 * 1024  # characters
_NAME = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)", re.DOTALL)
_ESCAPES = {"\\n": "\n", "\\t": "\t", '\\"': '"', "\\\\": "\\"}
_QUOTED = re.compile(r"""'([^']*)'|"((?:[^"\\]|\\.)*)\"""")


def parse(text: str, source: str = ".env") -> dict[str, str]:
    """The variables, the last of one name wins. Raises UsageError that names the line."""
    if len(text) > MAX_SIZE:
        raise UsageError(f"{source} is over {MAX_SIZE} characters")
    found: dict[str, str] = {}
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        match = _NAME.fullmatch(stripped)
        if match is None:
            raise UsageError(f"{source}, line {number}: expected NAME=VALUE")
        found[match.group(1)] = _value(match.group(2), f"{source}, line {number}")
    return found


def _value(raw: str, where: str) -> str:
    if raw[:1] not in ("'", '"'):
        return re.split(r"(?:^|\s)#", raw, maxsplit=1)[0].strip()
    quoted = _QUOTED.match(raw)
    rest = raw[quoted.end() :].strip() if quoted else ""
    if quoted is None or (rest and not rest.startswith("#")):
        raise UsageError(f"{where}: the quotes do not match")
    if quoted.group(1) is not None:
        return quoted.group(1)
    return re.sub(r"\\.", lambda m: _ESCAPES.get(m.group(), m.group()), quoted.group(2))


def dump(values: Mapping[str, str]) -> str:
    """Lines that `parse` reads back; shells too, but for values that hold `'` or a line break."""
    return "".join(f"{name}={_shown(value)}\n" for name, value in values.items())


def _shown(value: str) -> str:
    if is_plain(value):
        return value
    if "'" not in value and "\n" not in value:
        return f"'{value}'"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def is_plain(value: str) -> bool:
    """Whether every reader of such files takes the value as it stands, without quotes."""
    return re.fullmatch(r"[A-Za-z0-9_.,:/@%?+=-]*", value) is not None
