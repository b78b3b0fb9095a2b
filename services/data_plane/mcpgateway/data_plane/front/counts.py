"""What a front counts of the requests that it passes on, and shows of its replicas."""

from mcpgateway.common.metrics.instruments import Registry
from mcpgateway.data_plane.front.replicas import Replicas


class FrontCounts:
    """`again`: sent again after it may have run; `unknown`: not sent again, nobody knows whether it
    ran; `broken`: broken off after its answer had begun; `nobody`: no replica took it."""

    __slots__ = ("again", "broken", "nobody", "unknown")

    def __init__(self) -> None:
        self.again = self.broken = self.nobody = self.unknown = 0


def add_front(registry: Registry, counts: FrontCounts, replicas: Replicas) -> None:
    registry.read(
        "counter",
        "mcpgateway_front_lost_total",
        "Requests whose replica was lost under them, or that found none, by what became of them.",
        ("outcome",),
        lambda: [
            (("again",), counts.again),
            (("unknown",), counts.unknown),
            (("broken",), counts.broken),
            (("nobody",), counts.nobody),
        ],
    )
    registry.gauge(
        "mcpgateway_front_replicas",
        "Replicas that a front sends requests to now.",
        lambda: replicas.usable,
    )
    registry.gauge(
        "mcpgateway_front_waiting",
        "Requests that wait at a front until a replica can take them.",
        lambda: replicas.waiting,
    )
