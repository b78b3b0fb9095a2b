"""Which source file changed, for `up --reload`. Needs the `watchfiles` package."""

import importlib
from collections.abc import AsyncIterator, Sequence
from importlib.util import find_spec
from pathlib import Path

from mcpgateway.cli.errors import CommandError

_WATCHED = (".py", ".html", ".css", ".js", ".sql")


def check() -> None:
    """Raises CommandError when the package is not there."""
    if find_spec("watchfiles") is None:
        raise CommandError("--reload needs the package watchfiles: pip install watchfiles")


def sources() -> list[str]:
    """The folders that hold the code of all services."""
    spec = find_spec("mcpgateway")
    return list(spec.submodule_search_locations or ()) if spec is not None else []


async def changes(folders: Sequence[str]) -> AsyncIterator[str]:
    """The path of one changed source file for each burst of changes, for ever."""
    watch = importlib.import_module("watchfiles").awatch
    async for burst in watch(*folders):
        source = next((path for _, path in burst if Path(path).suffix in _WATCHED), None)
        if source is not None:
            yield source
