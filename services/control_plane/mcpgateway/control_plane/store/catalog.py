"""Where the catalog comes from: the list that is shipped, or a file of the operator's."""

import asyncio
import logging
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

from typing_extensions import override

from mcpgateway.common.errors import Unavailable
from mcpgateway.control_plane.registry.catalog.catalog import Catalog
from mcpgateway.control_plane.registry.catalog.catalog_text import MAX_TEXT, CatalogProblem, parse
from mcpgateway.control_plane.registry.ports import CatalogSource

log = logging.getLogger(__name__)

SHIPPED = "public_servers.yaml"
_SHOWN = 20  # problems


class CatalogFile(CatalogSource):
    """Read when it is first asked for, and again when it is older than `ttl` seconds; a file that
    became bad is logged, and the last good one stays. `path` "": the shipped list."""

    def __init__(self, path: str, ttl: float, now: Callable[[], float]) -> None:
        self._path = path
        self._ttl = ttl
        self._now = now
        self._read_at = 0.0
        self._catalog: Catalog | None = None

    @override
    async def current(self) -> Catalog:
        if self._catalog is not None and self._now() - self._read_at < self._ttl:
            return self._catalog
        try:
            self._catalog = await asyncio.to_thread(self._read)
        except Unavailable as error:
            if self._catalog is None:
                raise
            log.warning("%s; the catalog stays as it was", error.message)
        self._read_at = self._now()
        return self._catalog

    def _read(self) -> Catalog:
        """Raises Unavailable that names every problem."""
        where = f"MCPGATEWAY_CATALOG_FILE {self._path}" if self._path else SHIPPED
        try:
            return parse(self._text())
        except OSError as error:
            raise Unavailable(f"{where} can not be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise Unavailable(f"{where} is not UTF-8, at byte {error.start}") from error
        except CatalogProblem as error:
            more = len(error.problems) - _SHOWN
            told = "; ".join(error.problems[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")
            raise Unavailable(f"{where} is no catalog: {told}") from error

    def _text(self) -> str:
        if not self._path:
            return files("mcpgateway.control_plane.store").joinpath(SHIPPED).read_text("utf-8")
        with Path(self._path).open("rb") as file:
            return file.read(4 * MAX_TEXT).decode()
