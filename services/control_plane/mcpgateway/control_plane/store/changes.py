"""The history of one write transaction, gathered while it goes on. Pure."""

from collections.abc import Iterator

import msgspec

from mcpgateway.control_plane.registry.history.model import GONE, Entry, Op


class Changes:
    """One entry for each thing, the last state of it: what happened in between was never seen."""

    def __init__(self, revision: int) -> None:
        self._revision = revision
        self._entries: dict[tuple[str, str], Entry] = {}

    def __bool__(self) -> bool:
        return bool(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    def copy(self) -> "Changes":
        made = Changes(self._revision)
        made.restore(self)
        return made

    def restore(self, earlier: "Changes") -> None:
        """As it was then."""
        self._entries = dict(earlier._entries)

    def add(self, noun: str, id: str, op: Op, body: msgspec.Raw = GONE) -> None:
        before = self._entries.pop((noun, id), None)
        merged = op if before is None else _merge(before.op, op)
        if merged is not None:
            self._entries[noun, id] = Entry(noun, id, self._revision, merged, body)


def _merge(first: Op, then: Op) -> Op | None:
    if first == "create":
        return None if then == "delete" else "create"
    if first == "delete":
        return "delete" if then == "delete" else "update"
    return then
