"""What is counted of tools."""

from mcpgateway.common.metrics.instruments import Registry
from mcpgateway.data_plane.pipeline.handling.counts import ToolCounts


def test_refusals_and_waits_are_counted_by_kind() -> None:
    registry = Registry()
    counts = ToolCounts(registry)
    counts.refused("input")
    counts.refused("input")
    counts.waited("late")
    assert counts._refused.of("input").value == 2
    assert counts._waits.of("late").value == 1
