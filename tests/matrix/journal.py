"""A folder through which the test moves an upstream, and sees what became of calls there.

An upstream behind stdio is in as many processes as it has sessions; a folder reaches them all.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal
from urllib.parse import quote, unquote

from watchfiles import awatch

# grown: tools that exist by now. touched: resources that changed. released: calls and tasks that
# may end. begun: calls that arrived. cancelled: those whose client went away.
Kind = Literal["grown", "touched", "released", "begun", "cancelled"]


class Journal:
    """Entries are files whose name says all; touching one again is another event."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, kind: Kind, mark: str) -> None:
        path = self._folder / f"{kind} {quote(mark, safe='')}"
        count = int(path.read_text() or "0") if path.exists() else 0
        path.write_text(str(count + 1))

    def all(self, kind: Kind) -> list[str]:
        return sorted(mark for found, mark in map(_parsed, self._folder.iterdir()) if found == kind)

    def holds(self, kind: Kind, mark: str) -> bool:
        return (self._folder / f"{kind} {quote(mark, safe='')}").exists()

    async def watch(self, stop: asyncio.Event) -> AsyncIterator[set[tuple[str, str]]]:
        """What was written since the last time, as (kind, mark)."""
        async for changes in awatch(self._folder, stop_event=stop, debounce=20, step=10):
            yield {_parsed(Path(path)) for _, path in changes}


def _parsed(path: Path) -> tuple[str, str]:
    kind, _, mark = path.name.partition(" ")
    return kind, unquote(mark)
