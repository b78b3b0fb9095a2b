"""How the API reads and shows each kind of document: with the same code as its own paths."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mcpgateway.control_plane.api.nouns import (
    agents,
    gateways,
    prompts,
    resources,
    roots,
    servers,
    tools,
)
from mcpgateway.control_plane.registry.ports import Ports
from mcpgateway.control_plane.registry.transfer.model import Kind, Parse
from mcpgateway.control_plane.registry.views import Query


@dataclass(frozen=True, slots=True)
class Shown:
    """`plural` is the word of paths and of exports. `read` lists; `show` is what answers show."""

    plural: str
    read: Callable[[Query], Awaitable[list[Any]]]
    show: Callable[[Any], dict[str, Any]]
    parse: Parse


Kinds = Mapping[Kind, Shown]


def kinds(ports: Ports) -> Kinds:
    """Those that are read through these ports."""
    read = ports.store.read
    nouns: dict[Kind, Any] = {
        "Root": roots.noun(read),
        "Gateway": gateways.noun(read, ports.clock),
        "Tool": tools.noun(read),
        "Resource": resources.noun(read),
        "Prompt": prompts.noun(read),
        "Agent": agents.noun(read),
        "Server": servers.noun(read),
    }
    plurals = {"Agent": "a2a_agents"}
    return {
        kind: Shown(plurals.get(kind, noun.name), noun.read, noun.show, noun.parse)
        for kind, noun in nouns.items()
    }
