"""Conditions of rules, in CEL (https://cel.dev). Pure.

A condition is an expression over what `VARIABLES` names that says true or false. One that reads
only who calls is static: decided once for a caller. Any other is decided at each call. CEL has no
loops but its macros; here they may not be nested, and what a caller sends is read up to a size, so
that an evaluation ends in milliseconds whatever it is given.
"""

import importlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from ipaddress import ip_address, ip_network
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import cel

TEXT_LIMIT = 1_000  # characters
ARGUMENT_BYTES = 65_536
ARGUMENT_VALUES = 4_096  # values, at any depth
ARGUMENT_DEPTH = 32

CALLER = frozenset(("principal", "claims", "chain"))
CALL = frozenset(("args", "time", "source"))
VARIABLES = CALLER | CALL
_TYPES = frozenset(("int", "uint", "double", "string", "bool", "bytes", "list", "map"))
_FUNCTIONS = frozenset(
    (
        "size",
        "contains",
        "startsWith",
        "endsWith",
        "matches",
        "string",
        "bytes",
        "double",
        "int",
        "uint",
        "type",
        "dyn",
        "duration",
        "timestamp",
        "getFullYear",
        "getMonth",
        "getDayOfYear",
        "getDayOfMonth",
        "getDate",
        "getDayOfWeek",
        "getHours",
        "getMinutes",
        "getSeconds",
        "getMilliseconds",
        "in_network",
    )
)
_STRING = re.compile(
    r"""[rRbB]{0,2}(?:\"{3}.*?\"{3}|'{3}.*?'{3}|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|//[^\n]*""",
    re.DOTALL,
)
_RAW = re.compile(r"\b(?:[rR][bB]?|[bB][rR])[\"']")
_STEP = re.compile(r"\.\s*(?P<macro>all|exists_one|existsOne|exists|filter|map)\s*\(|[()]")
_BOUND = re.compile(r"\.\s*(?:all|exists_one|existsOne|exists|filter)\s*\(\s*([A-Za-z_]\w*)\s*,")


class Unusable(ValueError):
    """What is wrong with the text of a condition."""


class Condition:
    """One that compiled. Raises Unusable for a text that does not."""

    def __init__(self, text: str) -> None:
        self.text = text
        bare = _bare(text)
        try:
            self._program: cel.Program = _library().compile(text)
        except ValueError as error:
            raise Unusable(f"is no CEL expression: {_first_line(error)}") from None
        self.reads = self._variables(bare)
        self.static = self.reads <= CALLER  # decided by who calls alone
        _check_functions(self._program.functions())

    def holds(self, variables: Mapping[str, Any]) -> bool | None:
        """None: it can not be evaluated (something that it reads is not there or of another type,
        or it says neither true nor false)."""
        given = {name: variables[name] for name in self.reads if name in variables}
        try:
            said = self._program.execute({**given, "in_network": _in_network})
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:  # noqa: BLE001 - all kinds for what callers sent, Rust's panics too
            return None
        return said if isinstance(said, bool) else None

    def _variables(self, bare: str) -> frozenset[str]:
        bound = set(_BOUND.findall(bare))
        taken = bound & VARIABLES
        if taken:
            raise Unusable(
                f"calls an element {min(taken)!r}, which is a variable: name it otherwise"
            )
        named = set(self._program.variables()) - bound - _TYPES
        unknown = named - VARIABLES
        if unknown:
            known = ", ".join(sorted(VARIABLES))
            raise Unusable(f"reads {min(unknown)!r}; there are {known}")
        return frozenset(named)


def moment(seconds: float) -> datetime:
    """What conditions know as `time`."""
    return datetime.fromtimestamp(seconds, UTC)


def readable(arguments: Any) -> bool:
    """Whether decoded arguments are small enough to be read by conditions; their bytes are the
    caller's to count."""
    left, values = [(arguments, 1)], 0
    while left:
        value, depth = left.pop()
        values += 1
        if values + len(left) > ARGUMENT_VALUES or depth > ARGUMENT_DEPTH:
            return False
        if isinstance(value, dict):
            left.extend((each, depth + 1) for each in value.values())
        elif isinstance(value, list):
            left.extend((each, depth + 1) for each in value)
    return True


@cache
def _library() -> ModuleType:
    """It brings 20 MB and takes 0.3 s to load (measured), which who has no conditions is spared."""
    return importlib.import_module("cel")


def _bare(text: str) -> str:
    """The text without what is in quotes. Raises Unusable for one that is too long or nests."""
    if not 0 < len(text) <= TEXT_LIMIT:
        raise Unusable(f"must have 1 to {TEXT_LIMIT} characters, has {len(text)}")
    if _RAW.search(text):
        raise Unusable("has a raw string (r''): write it as a usual one")
    bare = _STRING.sub(lambda found: " " if found[0].startswith("//") else "''", text)
    opened: list[bool] = []
    for step in _STEP.finditer(bare):
        macro = step["macro"]
        if macro == "map":
            raise Unusable("has map(): use exists, all, exists_one or filter")
        if macro and True in opened:
            raise Unusable(f"has {macro}() inside another macro: one at a time")
        if step[0] == ")":
            opened[-1:] = []
        else:
            opened.append(bool(macro))
    return bare


def _check_functions(named: list[str]) -> None:
    unknown = {name for name in named if name[0].isalpha()} - _FUNCTIONS
    if unknown:
        known = ", ".join(sorted(_FUNCTIONS))
        raise Unusable(f"calls {min(unknown)}(), which there is not; there are {known}")


def _first_line(error: ValueError) -> str:
    """Without the expression, which its author knows."""
    said = str(error).partition("ERROR: ")[2] or str(error)
    return said.partition("\n")[0][:200]


def _in_network(address: str, network: str) -> bool | None:
    """None, which no condition can go on with, where one of them is none."""
    try:
        return ip_address(address.partition("%")[0]) in ip_network(network)
    except ValueError:
        return None
