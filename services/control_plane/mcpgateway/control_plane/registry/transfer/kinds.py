"""Which use cases and rows each kind of document has."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from mcpgateway.control_plane.registry import (
    agents,
    prompts,
    resources,
    roots,
    servers,
    tools,
    upstreams,
)
from mcpgateway.control_plane.registry.actor import Actor
from mcpgateway.control_plane.registry.ports import Change, KeyedRows, Ports, Reader, WriteTx
from mcpgateway.control_plane.registry.transfer.model import Kind
from mcpgateway.control_plane.registry.views import Query


class Acts(Protocol):
    """The use cases of one kind: a module of `registry`."""

    async def create(self, ports: Ports, actor: Actor, draft: Any, /) -> Change: ...

    async def replace(
        self, ports: Ports, actor: Actor, id: str, draft: Any, expected: int | None, /
    ) -> Change: ...

    async def set_state(
        self, ports: Ports, actor: Actor, id: str, enabled: bool, expected: int | None, /
    ) -> Change: ...

    async def remove(
        self, ports: Ports, actor: Actor, id: str, expected: int | None, /
    ) -> Change: ...


@dataclass(frozen=True, slots=True)
class Spec:
    """`noun` is history's word, `name` that of its rows and lists. `key` is the column by which a
    thing is known, `original` the one by which a gateway's own things are. `light`: making one
    only saves rows, so that one that fails leaves nothing to take back."""

    noun: str
    name: str
    acts: Acts
    key: str = "name"
    original: str = ""
    light: bool = True

    def rows(self, tx: WriteTx) -> KeyedRows[Any]:
        rows: KeyedRows[Any] = getattr(tx, self.name)
        return rows

    def listed(self, read: Reader) -> Callable[[Query], Awaitable[list[Any]]]:
        lists: Callable[[Query], Awaitable[list[Any]]] = getattr(read, self.name)
        return lists


SPECS: dict[Kind, Spec] = {
    "Root": Spec("root", "roots", roots, "uri"),
    "Gateway": Spec("upstream", "upstreams", upstreams, light=False),
    "Tool": Spec("tool", "tools", tools, original="original_name"),
    "Resource": Spec("resource", "resources", resources, "uri", "uri"),
    "Prompt": Spec("prompt", "prompts", prompts, original="original_name"),
    "Agent": Spec("agent", "agents", agents),
    "Server": Spec("server", "servers", servers, light=False),
}
# The kinds that a server holds, by the field of its draft.
HELD: dict[str, Kind] = {
    "tools": "Tool",
    "resources": "Resource",
    "prompts": "Prompt",
    "agents": "Agent",
}
