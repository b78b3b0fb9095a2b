"""The history of one write transaction, gathered while it goes on. Pure."""

from typing import Literal, NamedTuple

import msgspec

Op = Literal["create", "update", "delete"]


class Entry(NamedTuple):
    op: Op
    body: msgspec.Raw  # JSON after the change; null for a delete


NOTHING = msgspec.Raw(b"null")


class Changes:
    """One entry for each thing, the last state of it: what happened in between was never seen."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, str], Entry] = {}

    def __bool__(self) -> bool:
        return bool(self._entries)

    def add(self, noun: str, id: str, op: Op, body: msgspec.Raw = NOTHING) -> None:
        before = self._entries.pop((noun, id), None)
        merged = op if before is None else _merge(before.op, op)
        if merged is not None:
            self._entries[noun, id] = Entry(merged, body)

    def json(self) -> str:
        """A JSON array of {noun, id, op, body}, for one INSERT."""
        rows = [
            {"noun": noun, "id": id, "op": entry.op, "body": entry.body}
            for (noun, id), entry in self._entries.items()
        ]
        return msgspec.json.encode(rows).decode()


def _merge(first: Op, then: Op) -> Op | None:
    if first == "create":
        return None if then == "delete" else "create"
    if first == "delete":
        return "delete" if then == "delete" else "update"
    return then
