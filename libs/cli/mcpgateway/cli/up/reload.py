"""Which source file changed, for `up --reload`. Needs the `watchfiles` package."""

import importlib
from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path

from mcpgateway.cli.errors import CommandError

_WATCHED = (".py", ".html", ".css", ".js", ".sql")


def check() -> None:
    """Raises CommandError when the package is not there."""
    if find_spec("watchfiles") is None:
        raise CommandError("--reload needs the package watchfiles: pip install watchfiles")


async def changes() -> AsyncIterator[str]:
    """The path of one changed file for each burst of changes, for ever."""
    spec = find_spec("mcpgateway")
    roots = list(spec.submodule_search_locations or ()) if spec is not None else []
    watch = importlib.import_module("watchfiles").awatch
    async for burst in watch(*roots, stop_event=None, raise_interrupt=False):
        for _, path in burst:
            if Path(path).suffix in _WATCHED:
                yield path
                break
