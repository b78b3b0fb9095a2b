"""Builds a table from nothing: a snapshot, in slices that the caller may pause between.

The rules are those of `delta`: a snapshot is what changed since the empty table.
"""

from collections.abc import Generator, Iterable, Iterator

from mcpgateway.common.routing.delta import Draft, finish, paced
from mcpgateway.common.routing.model import Record
from mcpgateway.common.routing.table import Table


def build(registry: str, revision: int, records: Iterable[Record]) -> Table:
    return finish(building(registry, revision, records))


def building(
    registry: str, revision: int, records: Iterable[Record]
) -> Generator[None, None, Table]:
    """Yields every few records; `records` may be a lazy decoder, and is read in the same pace."""
    draft = Draft(Table.empty())
    yield from paced(draft.put, records)
    yield from draft.settle()
    return draft.table(registry, revision)


def records(table: Table) -> Iterator[Record]:
    """All resources that went into a table: those in use and those left out, in no order."""
    for in_use in table.by_kind().values():
        yield from in_use.values()
    for left_out in table.indexes.left_out.values():
        yield from (each.record for each in left_out.values())
