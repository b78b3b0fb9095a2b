"""The runner's settings, read once from the environment by `__main__`."""

from dataclasses import dataclass
from pathlib import Path

from mcpgateway.common import keys
from mcpgateway.common.processes import VARIABLE, Environment
from mcpgateway.common.runtime.logs import LEVELS
from mcpgateway.common.runtime.settings import boolean, choice, integer, setting, words
from mcpgateway.common.seal import Sealer
from mcpgateway.runner.stdio.allowed import Entry
from mcpgateway.runner.stdio.allowed import parse as commands


def folders(text: str) -> tuple[Path, ...]:
    """Raises ValueError."""
    found = tuple(Path(word) for word in words(text))
    if not all(each.is_absolute() for each in found):
        raise ValueError("must be absolute paths, by commas")
    return found


def folder(text: str) -> Path | None:
    """None for nothing. Raises ValueError."""
    return next(iter(folders(text)), None)


def variables(text: str) -> Environment:
    """`NAME=value`, by commas. Raises ValueError that shows no value."""
    pairs = [word.partition("=") for word in words(text)]
    if not all(VARIABLE.fullmatch(name) and equals for name, equals, _ in pairs):
        raise ValueError("must be NAME=value, by commas")
    return tuple((name, value) for name, _, value in pairs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    host: str = setting("HOST", default="127.0.0.1", doc="address to listen on")
    port: int = setting("PORT", integer(0, 65535), default=4447, doc="port to listen on")
    log_level: str = setting("LOG_LEVEL", choice(*LEVELS), default="INFO", doc="least level logged")
    log_format: str = setting("LOG_FORMAT", choice("text", "json"), default="text", doc="log lines")
    key: Sealer = setting(
        "MCPGATEWAY_RUNNER_KEY",
        keys.parse_ring,
        doc="by which it knows what the control plane of its group asks for: `mcpgateway keys "
        "runner` prints it",
        secret=True,
    )
    tunnels_enabled: bool = setting(
        "MCPGATEWAY_TUNNELS_ENABLED",
        boolean,
        default=False,
        doc="servers elsewhere may be served through tunnels, which runners end; both control "
        "plane and runners have to be told",
    )
    tunnel_secrets: tuple[str, ...] = setting(
        "MCPGATEWAY_TUNNEL_SECRET",
        words,
        default=(),
        secret=True,
        doc="by which it knows that a data plane hands it a tunnel; any of several is believed",
    )
    stdio_enabled: bool = setting(
        "MCPGATEWAY_STDIO_ENABLED",
        boolean,
        default=False,
        doc="administrators may register local commands, which runners run; both have to be told",
    )
    stdio_commands: tuple[Entry, ...] = setting(
        "MCPGATEWAY_STDIO_COMMANDS",
        commands,
        default=(),
        doc="what may be run, by `;`: a program and patterns of its arguments (`*`), or `...` for "
        "any; nothing else is",
    )
    stdio_path: str = setting(
        "MCPGATEWAY_STDIO_PATH",
        default="/usr/local/bin:/usr/bin:/bin",
        doc="where programs are that are named without a folder, and the PATH of commands",
    )
    stdio_folder: Path | None = setting(
        "MCPGATEWAY_STDIO_DIR",
        folder,
        default=None,
        doc="where each gateway's command has its home; empty: a folder that goes with the runner",
    )
    stdio_folders: tuple[Path, ...] = setting(
        "MCPGATEWAY_STDIO_FOLDERS",
        folders,
        default=(),
        doc="folders in which the `cwd` of a command may be, by commas; empty: it has its home",
    )
    stdio_environment: Environment = setting(
        "MCPGATEWAY_STDIO_ENVIRONMENT",
        variables,
        default=(),
        doc="variables of all commands, NAME=value by commas: they have nothing of the runner's",
        secret=True,
    )
    stdio_processes: int = setting(
        "MCPGATEWAY_STDIO_MAX_PROCESSES",
        integer(1, 10_000),
        default=64,
        doc="commands that run at once",
    )
