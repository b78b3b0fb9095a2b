"""A snapshot is built in slices, and gives back what went in."""

from collections.abc import Iterator

from hypothesis import given

from mcpgateway.common.routing.build import build, building, records
from mcpgateway.common.routing.delta import STEP, finish
from mcpgateway.common.routing.model import Delta, Record
from support.registries import REGISTRY, deltas, tool, upstream


@given(deltas(1))
def test_what_went_in_is_there_again_used_or_rejected(delta: Delta) -> None:
    given_records = {(each.kind, each.id): each for each in delta.upserts}
    table = build(REGISTRY, 1, delta.upserts)
    assert {(each.kind, each.id): each for each in records(table)} == given_records
    assert len(list(records(table))) == len(given_records)


def test_building_yields_in_proportion_and_reads_its_input_in_the_same_pace() -> None:
    read = 0

    def resources() -> Iterator[Record]:
        nonlocal read
        yield upstream()
        for n in range(10 * STEP):
            read += 1
            yield tool(f"t{n}")

    steps = building(REGISTRY, 1, resources())
    next(steps)
    assert read <= STEP
    table = finish(steps)
    assert len(table.tools) == 10 * STEP
    assert sum(1 for _ in building(REGISTRY, 1, resources())) >= 20
