"""The OpenAPI document without a control plane around it, and walks over it."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from mcpgateway.control_plane.api.app import Parts, description
from mcpgateway.control_plane.api.system import About
from mcpgateway.control_plane.registry.ports import Ports

_NOW = datetime(2026, 11, 22, tzinfo=UTC)


class Described(NamedTuple):
    """One method of a path, as the document has it."""

    method: str
    path: str
    told: Mapping[str, Any]

    @property
    def open(self) -> bool:
        return self.told.get("security") == []

    @property
    def endless(self) -> bool:
        """A stream of events."""
        return any(
            "text/event-stream" in a.get("content", ()) for a in self.told["responses"].values()
        )

    @property
    def body(self) -> dict[str, Any] | None:
        """The schema of its body."""
        if "requestBody" not in self.told:
            return None
        return dict(self.told["requestBody"]["content"]["application/json"]["schema"])


def api_document() -> dict[str, Any]:
    return description(idle_parts())


def idle_parts() -> Parts:
    """What routes can be made of, and not be served with."""
    nothing: Any = None
    ports = Ports(nothing, nothing, nothing, lambda: _NOW, lambda count: bytes(count))
    about = About("0", _NOW, lambda: _NOW, {}, nothing)
    something: Any = object()  # a part that is switched on
    return Parts(ports, nothing, nothing, nothing, about, (), catalog=something, sso=something)


def operations(document: Mapping[str, Any]) -> Iterator[Described]:
    """Those of the control plane."""
    for path, item in document["paths"].items():
        for method, told in item.items():
            if "data plane" not in told["tags"]:
                yield Described(method.upper(), path, told)
