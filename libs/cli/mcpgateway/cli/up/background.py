"""`up --wait`: another process runs the suite, this one returns when it is ready or has failed."""

import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence

from mcpgateway.cli.files import open_log, tail
from mcpgateway.cli.program import own_name
from mcpgateway.cli.up.options import Options

_PIPE = "_MCPGATEWAY_READY_FD"


def start(options: Options, argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Prints what the runner prints when it is ready, or the end of its log. Exit status."""
    log_path = options.data_dir / "logs" / "up.log"
    log = open_log(log_path)
    reader, writer = os.pipe()
    rest = [word for word in argv if word != "--wait"]
    runner = subprocess.Popen(
        [sys.executable, "-m", "mcpgateway.cli", "up", *rest],
        env={**environ, _PIPE: str(writer)},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        pass_fds=(writer,),
        start_new_session=True,
    )
    os.close(writer)
    os.close(log)
    with os.fdopen(reader) as pipe:
        announced = pipe.read()
    if announced:
        print(announced)
        folder = shlex.quote(str(options.data_dir))
        print(f"Running in the background: stop it with `{own_name()} down -d {folder}`")
        return 0
    print(tail(log_path, 30), file=sys.stderr)
    return runner.wait() or 1


def announcer(environ: Mapping[str, str]) -> Callable[[str], None]:
    """Where the banner goes: to the waiting process when there is one, else to the terminal."""
    handle = environ.get(_PIPE, "")

    def announce(text: str) -> None:
        if handle.isdigit():
            with os.fdopen(int(handle), "w") as pipe:
                pipe.write(text)
        else:
            print(text, flush=True)

    return announce
