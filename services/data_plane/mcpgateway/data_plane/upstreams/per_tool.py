"""What is worked out of a tool's record, once for each record."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from mcpgateway.common.routing.model import Tool

V = TypeVar("V")


class PerTool(Generic[V]):
    """Keeps what `make` returns for `most` tools; the least recently called goes first. Another
    record of a tool takes the place of the one before."""

    def __init__(self, make: Callable[[Tool], V], most: int) -> None:
        self._make = make
        self._most = most
        self._known: OrderedDict[str, tuple[Tool, V]] = OrderedDict()

    def of(self, tool: Tool) -> V:
        """Raises what `make` raises; that is not kept."""
        known = self._known.get(tool.id)
        if known is not None and known[0] is tool:
            self._known.move_to_end(tool.id)
            return known[1]
        made = self._make(tool)
        self._known[tool.id] = (tool, made)
        self._known.move_to_end(tool.id)
        if len(self._known) > self._most:
            self._known.popitem(last=False)
        return made
