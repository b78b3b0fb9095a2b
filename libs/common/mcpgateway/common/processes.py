"""What it takes to run a stdio MCP server: the command and how it is kept. Pure.

Whether it may run is not decided here: the control plane asks who says it, the runner asks its
allow-list.
"""

import re
from typing import Literal

import msgspec

from mcpgateway.common.tickets import Ticket

Instances = Literal["shared", "session", "principal"]
Environment = tuple[tuple[str, str], ...]

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
MOST_ARGS = 128
MOST_VARIABLES = 64
MOST_CHARACTERS = 4096  # of one argument or value
MOST_TEXT = 12 * 1024  # characters of all arguments, and of all variables: they go into a header

# Of an allowed program they would make another one, by what they have it load.
_LOADERS = (
    *("LD_", "DYLD_", "GLIBC_", "MALLOC_", "GCONV_", "BASH_FUNC_", "PYTHON", "PERL", "RUBY"),
    *("NODE_", "NPM_", "JAVA_", "JDK_", "_JAVA", "LUA_", "PHP", "UV_", "PIP_", "GIT_", "DENO_"),
    *("BUN_", "DOTNET_", "COREHOST_", "CORECLR_", "MCPGATEWAY_"),
)
_NAMES = frozenset(
    (
        *("PATH", "HOME", "SHELL", "IFS", "ENV", "BASH_ENV", "SHELLOPTS", "BASHOPTS", "EDITOR"),
        *("CLASSPATH", "GEM_PATH", "GEM_HOME", "LOCPATH", "NLSPATH", "TMPDIR", "VIRTUAL_ENV"),
        *("SSLKEYLOGFILE", "OPENSSL_CONF", "OPENSSL_MODULES", "HOSTALIASES", "RES_OPTIONS"),
        *("XDG_CONFIG_HOME", "XDG_DATA_HOME", "VISUAL", "PAGER", "PS4", "PROMPT_COMMAND"),
    )
)


class Process(msgspec.Struct, frozen=True, omit_defaults=True):
    """`instances`: one process for all, one for each session of a client that has sessions, or one
    for each caller; one ends after `idle_seconds` without a request. `max_restarts`: crashes within
    five minutes, after which it is left alone for five. `memory_mb` and `open_files` are for each
    process, `cpu_seconds` of its life (0: any)."""

    command: str
    args: tuple[str, ...] = ()
    cwd: str = ""
    instances: Instances = "shared"
    idle_seconds: int = 600
    max_processes: int = 16
    max_restarts: int = 5
    memory_mb: int = 1024
    cpu_seconds: int = 0
    open_files: int = 1024


class StdioTicket(Ticket, frozen=True, kw_only=True):
    """`caller`: the header by which data planes name callers, for one instance each. `name` is for
    people."""

    name: str = ""
    process: Process
    environment: Environment = ()
    caller: str = ""


def loads_code(name: str) -> bool:
    """Whether an environment variable of this name can make a program run something else."""
    upper = name.upper()
    return upper in _NAMES or upper.startswith(_LOADERS)
