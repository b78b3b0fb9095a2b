"""What became of calls of tools that are judged or limited here, in numbers."""

from mcpgateway.common.metrics.instruments import Registry


class ToolCounts:
    """Counts; says nothing of single tools."""

    def __init__(self, registry: Registry) -> None:
        self._refused = registry.counters(
            "mcpgateway_tool_refusals_total",
            "Calls of tools that were answered with an error by the gateway itself: arguments that"
            " do not match (input), results that do not (output), or that the filter can not take.",
            ("by",),
        )
        self._waits = registry.counters(
            "mcpgateway_tool_waits_total",
            "Calls that found all places of their tool taken: they got one (waited), waited too"
            " long (late), or were refused at once.",
            ("outcome",),
        )

    def refused(self, by: str) -> None:
        self._refused.of(by).value += 1

    def waited(self, outcome: str) -> None:
        self._waits.of(outcome).value += 1
