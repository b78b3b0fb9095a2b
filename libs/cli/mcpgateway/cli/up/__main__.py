"""The entry of `mcpgateway up`: reads the environment, reports what is wrong with it, runs."""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from mcpgateway.cli.errors import CommandError, UsageError
from mcpgateway.cli.up import background, preflight, reload
from mcpgateway.cli.up.options import Options, parse
from mcpgateway.cli.up.run import Shell, run
from mcpgateway.common.runtime import known_settings


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Returns the exit status: 0 after a stop, 1 when it can not run, 2 for wrong settings."""
    try:
        known = known_settings.entries()
        options = parse(argv, known_settings.apply_aliases(environ, known), Path.cwd())
        _review(options, known)
        if options.reload:
            reload.check()
        if options.wait:
            return background.start(options, argv, environ)
        asyncio.run(run(options, Shell(say=_say, ready=background.announcer(environ))))
    except UsageError as error:
        return _complain(error, 2)
    except CommandError as error:
        return _complain(error, 1)
    except OSError as error:
        return _complain(CommandError(f"{error.filename or 'up'}: {error.strerror}"), 1)
    return 0


def _review(options: Options, known: Mapping[str, known_settings.Entry]) -> None:
    review = known_settings.review(options.settings, known, options.meant)
    for notice in (*options.notices, *review.notices):
        _say(notice)
    problems = [*review.refusals, *preflight.problems(options)]
    if problems:
        raise UsageError("\n".join(problems))


def _say(line: str) -> None:
    print(f"mcpgateway: {line}", file=sys.stderr, flush=True)


def _complain(error: CommandError, status: int) -> int:
    for line in str(error).splitlines():
        _say(line)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
