"""What is asked of a transfer and what it answers. Values only."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import msgspec

from mcpgateway.control_plane.registry.history.diff import Difference

Kind = Literal["Root", "Gateway", "Tool", "Resource", "Prompt", "Agent", "Server"]
Conflicts = Literal["update", "skip", "rename", "fail"]
Action = Literal["create", "update", "delete", "unchanged", "skip", "failed"]
Parse = Callable[[Mapping[str, Any], bool], Any]  # a body to a draft; whether it makes a thing


class Parent(NamedTuple):
    """A tool, prompt or resource of an upstream, by the names that both have there."""

    gateway: str
    original: str


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that is wanted. `key` is what it is known by: its name, or its URI. `refers` maps
    fields of a server's draft to the keys (or ids) of what it holds. `at` is where it stands in the
    request, `spot` where a field of its body does: for messages."""

    at: str
    kind: Kind
    name: str
    key: str
    body: Mapping[str, Any] = field(default_factory=dict)
    parse: Parse = lambda body, new: body
    enabled: bool | None = None
    parent: Parent | None = None
    refers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    spot: Callable[[str], str] = lambda name: name

    @property
    def told(self) -> str:
        return f"{self.kind} {self.name!r}"


@dataclass(frozen=True, slots=True)
class Order:
    """`label` marks what is applied as a set of this name; `prune` removes what has the mark and is
    not among the items. `best_effort`: what fails alone is left out. `delete`: the items are to be
    gone."""

    items: Sequence[Item]
    conflicts: Conflicts = "update"
    label: str = ""
    prune: bool = False
    best_effort: bool = False
    delete: bool = False


class Result(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """`code` is of the error of what failed. `changes` are those of an update."""

    at: str
    kind: Kind
    name: str
    action: Action
    id: str | None = None
    changes: tuple[Difference, ...] = ()
    credential: bool = False
    error: str = ""
    code: str = ""
    fields: tuple[dict[str, str], ...] = ()
    notes: tuple[str, ...] = ()


class Outcome(NamedTuple):
    """`revision` None: nothing had to be written."""

    results: tuple[Result, ...]
    revision: int | None
