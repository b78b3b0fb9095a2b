"""What a body of /gateways says of a local command: a member `stdio`, or `command`, `args`, `env`
and `cwd` beside the rest. Pure."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, Final, get_args

from msgspec import UNSET, UnsetType

from mcpgateway.common import processes
from mcpgateway.common.processes import Environment, Instances
from mcpgateway.control_plane.api.http.fields import Fields, text_problem
from mcpgateway.control_plane.api.http.noted import Schema
from mcpgateway.control_plane.api.nouns.shared_input import MASK
from mcpgateway.control_plane.api.nouns.transport_told import TransportInput
from mcpgateway.control_plane.registry.transports import stdio
from mcpgateway.control_plane.registry.transports.stdio import Stdio

_INSTANCES: tuple[Instances, ...] = get_args(Instances)
_USUAL: Final = Stdio("")
_NUMBERS: Mapping[str, tuple[int, int]] = {
    "idle_seconds": (10, 86_400),
    "max_processes": (1, 256),
    "max_restarts": (0, 100),
    "memory_mb": (16, 1_048_576),
    "cpu_seconds": (0, 86_400 * 30),
    "open_files": (16, 65_536),
}
_TEXT: Schema = {"type": "string", "maxLength": processes.MOST_CHARACTERS}
_TAKES: Mapping[str, Schema] = {
    "command": _TEXT,
    "args": {"type": "array", "maxItems": processes.MOST_ARGS, "items": _TEXT},
    "env": {
        "type": "object",
        "maxProperties": processes.MOST_VARIABLES,
        "additionalProperties": _TEXT,
        "description": "Variables of its environment. They are sealed, and shown masked.",
    },
    "cwd": _TEXT,
}


def read_stdio(fields: Fields, new: bool) -> TransportInput:
    """All of it is said at once. Values of variables that are given as they are shown, masked, stay
    as they are; without `env` there are none."""
    if new and fields.raw("url") not in (UNSET, ""):
        fields.problem("url", "has no effect on a local command", "stdio")
    said = fields.mapping("stdio")
    short = {name: fields.raw(name, takes) for name, takes in _TAKES.items()}
    given = {name: value for name, value in short.items() if value is not UNSET}
    if said is UNSET and not given:
        if new:
            fields.problem("command", "is required for transport STDIO", "missing")
        return TransportInput()
    if said is not UNSET and given:
        fields.problem(next(iter(given)), "is given in stdio, too: say it once", "twice")
        return TransportInput()
    inner, place = (Fields(given), "") if said is UNSET else (Fields(said), "stdio.")
    told = _read(inner)
    for problem in inner.problems:
        fields.problem(place + problem.field, problem.problem, problem.rule)
    return told


def _read(fields: Fields) -> TransportInput:
    environment = _environment(fields)
    if isinstance(environment, UnsetType):
        names = _masked(fields)
    else:
        names = tuple(name for name, _ in environment or ())
    found = Stdio(
        command=_command(fields),
        args=_args(fields),
        cwd=_folder(fields),
        instances=_or(fields.choice("instances", _INSTANCES), _USUAL.instances),
        warm=_or(fields.boolean("warm"), _USUAL.warm),
        env=names,
        **{
            name: _or(fields.integer(name, *limits), getattr(_USUAL, name))
            for name, limits in _NUMBERS.items()
        },
    )
    if found.warm and found.instances != "shared":
        fields.problem("warm", "is for one process that all share (instances: shared)", "warm")
    return TransportInput(options=stdio.written(found), environment=environment)


def _or(value: Any, usual: Any) -> Any:
    return usual if value is UNSET else value


def _command(fields: Fields) -> str:
    command = fields.filled("command", processes.MOST_CHARACTERS, required=True)
    if isinstance(command, UnsetType):
        return ""
    if any(character in command for character in "\n\r\t\0"):
        fields.problem("command", "must be one program, on one line", "command")
    elif command.startswith("-"):
        fields.problem("command", "must be a program, not an option of one", "command")
    return command


def _args(fields: Fields) -> tuple[str, ...]:
    """As they are: no shell reads them, so nothing is trimmed and nothing has a second meaning."""
    value = fields.raw("args", _TAKES["args"])
    if value is UNSET:
        return ()
    if not isinstance(value, list) or len(value) > processes.MOST_ARGS:
        fields.problem("args", f"must be a list of at most {processes.MOST_ARGS} strings", "list")
        return ()
    for index, each in enumerate(value):
        problem = text_problem(each, processes.MOST_CHARACTERS)
        if problem:
            fields.problem(f"args[{index}]", problem, "string")
            return ()
    _check_size(fields, "args", value)
    return tuple(value)


def _folder(fields: Fields) -> str:
    folder = fields.text("cwd", processes.MOST_CHARACTERS)
    if isinstance(folder, UnsetType) or not folder:
        return ""
    path = PurePosixPath(folder)
    if not path.is_absolute() or ".." in path.parts:
        fields.problem("cwd", "must be an absolute path without `..`", "path")
    return folder


def _environment(fields: Fields) -> Environment | UnsetType | None:
    """UNSET: what there is stays. What was shown masked says nothing, so all values are given, or
    none is."""
    value = fields.raw("env", _TAKES["env"])
    if value is UNSET:
        return None
    if not isinstance(value, dict) or len(value) > processes.MOST_VARIABLES:
        problem = f"must be an object of at most {processes.MOST_VARIABLES} strings"
        fields.problem("env", problem, "object")
        return UNSET
    if value and all(each == MASK for each in value.values()):
        return UNSET
    for name, each in value.items():
        wrong = _variable_problem(name, each)
        if wrong:
            fields.problem(f"env.{name[:80]}", wrong, "variable")
            return UNSET
    _check_size(fields, "env", [text for pair in value.items() for text in pair])
    return tuple(value.items()) or None


def _masked(fields: Fields) -> tuple[str, ...]:
    """The names of variables whose values stay."""
    value = fields.raw("env")
    return tuple(value) if isinstance(value, dict) else ()


def _variable_problem(name: str, value: object) -> str | None:
    if not processes.VARIABLE.fullmatch(name):
        return "is no name of a variable: letters, digits and _ are"
    if processes.loads_code(name):
        return "may make the program run something else, so nobody may set it"
    if value == MASK:
        return "is masked: give the values of all variables again, or of none"
    return text_problem(value, processes.MOST_CHARACTERS)


def _check_size(fields: Fields, name: str, texts: list[str]) -> None:
    size = sum(len(text.encode()) for text in texts)
    if size > processes.MOST_TEXT:
        fields.problem(name, f"has {size} bytes, {processes.MOST_TEXT} is the limit", "size")
