"""Metrics that are read from the parts of a data plane when somebody asks: doors, pools, the
routing table. Calls are counted in `pipeline.counted`."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mcpgateway.common.metrics.instruments import Registry, Values
from mcpgateway.common.runtime.http.pool import Pool
from mcpgateway.common.runtime.http.server import Listener
from mcpgateway.common.runtime.workers.pool import WorkerPool
from mcpgateway.data_plane.edge.health import TableStatus
from mcpgateway.data_plane.parked.neighbours import Neighbours
from mcpgateway.data_plane.pipeline.handling.gates import Gates
from mcpgateway.data_plane.pipeline.listening.fan_in import SharedUpdates
from mcpgateway.data_plane.pipeline.searching.catalogues import Catalogues
from mcpgateway.data_plane.table.holder import TableHolder
from mcpgateway.data_plane.table.load import Counters
from mcpgateway.data_plane.table.receipt import Replica

Listeners = Callable[[], Iterable[tuple[str, Listener]]]
"""By name: `own` and, once it is open, `public`."""


def add_replica(registry: Registry, replica: Replica) -> None:
    values = (((replica.id, replica.version), 1.0),)
    help = "Always 1; which process this replica is, and its version."
    registry.read("gauge", "mcpgateway_replica_info", help, ("id", "version"), lambda: values)


def add_doors(registry: Registry, listeners: Listeners) -> None:
    by_name = ("listener",)
    by_status = ("listener", "status")

    def numbers(number: Callable[[Listener], float]) -> Callable[[], Values]:
        return lambda: [((name,), number(each)) for name, each in listeners()]

    def statuses(counts: Callable[[Listener], Mapping[int, int]]) -> Callable[[], Values]:
        return lambda: [
            ((name, str(status)), count)
            for name, each in listeners()
            for status, count in counts(each).items()
        ]

    registry.read(
        "gauge",
        "mcpgateway_http_connections",
        "Open connections of clients.",
        by_name,
        numbers(lambda each: each.connections),
    )
    registry.read(
        "counter",
        "mcpgateway_http_connections_accepted_total",
        "Connections of clients that were accepted.",
        by_name,
        numbers(lambda each: each.counts.accepted),
    )
    registry.read(
        "counter",
        "mcpgateway_http_responses_total",
        "Responses to clients, by HTTP status.",
        by_status,
        statuses(lambda each: each.counts.answered),
    )
    registry.read(
        "counter",
        "mcpgateway_http_refusals_total",
        "Messages that are no good HTTP or over a limit, by the HTTP status that refused them.",
        by_status,
        statuses(lambda each: each.counts.refused),
    )
    registry.read(
        "counter",
        "mcpgateway_http_stalled_total",
        "Connections cut off because the client did not read.",
        by_name,
        numbers(lambda each: each.counts.stalled),
    )
    registry.read(
        "counter",
        "mcpgateway_http_received_bytes_total",
        "Bytes that came from clients.",
        by_name,
        numbers(lambda each: each.counts.received),
    )
    registry.read(
        "counter",
        "mcpgateway_http_sent_bytes_total",
        "Bytes that went to clients.",
        by_name,
        numbers(lambda each: each.counts.sent),
    )


def add_pools(registry: Registry, pools: Mapping[str, Pool]) -> None:
    """`pools` by what they connect to."""

    def numbers(number: Callable[[Pool], float]) -> Callable[[], Values]:
        return lambda: [((name,), number(pool)) for name, pool in pools.items()]

    def sizes() -> Values:
        return [
            ((name, state), size)
            for name, pool in pools.items()
            for state, size in _states(pool.sizes)
        ]

    registry.read(
        "gauge",
        "mcpgateway_pool_connections",
        "Open connections to upstreams and services, by what they do.",
        ("pool", "state"),
        sizes,
    )
    registry.read(
        "gauge",
        "mcpgateway_pool_waiting",
        "Requests that wait for a connection now.",
        ("pool",),
        numbers(lambda pool: pool.sizes[2]),
    )
    registry.read(
        "counter",
        "mcpgateway_pool_connects_total",
        "Connections that were made.",
        ("pool",),
        numbers(lambda pool: pool.counts.connected),
    )
    registry.read(
        "counter",
        "mcpgateway_pool_connect_failures_total",
        "Connections that could not be made.",
        ("pool",),
        numbers(lambda pool: pool.counts.failed),
    )
    registry.read(
        "counter",
        "mcpgateway_pool_waits_total",
        "Requests that found no free connection.",
        ("pool",),
        numbers(lambda pool: pool.counts.waited),
    )
    registry.read(
        "counter",
        "mcpgateway_pool_turned_away_total",
        "Requests that waited for a connection in vain, or could not even wait.",
        ("pool",),
        numbers(lambda pool: pool.counts.turned_away),
    )


def _states(sizes: tuple[int, int, int]) -> Iterable[tuple[str, float]]:
    connections, idle, _ = sizes
    return ("busy", connections - idle), ("idle", idle)


def add_following(registry: Registry, updates: SharedUpdates) -> None:
    registry.gauge(
        "mcpgateway_resource_watches",
        "Watches of resources at upstreams; one serves all who follow there in one auth context.",
        lambda: updates.watches,
    )
    registry.read(
        "counter",
        "mcpgateway_resources_unfollowed_total",
        "Resources that clients wanted to follow, and were not followed for lack of room.",
        (),
        lambda: (((), updates.unfollowed),),
    )


def add_neighbours(registry: Registry, neighbours: Neighbours) -> None:
    owners, post = neighbours.owners, neighbours.post
    registry.read(
        "gauge",
        "mcpgateway_handovers_in_flight",
        "Exchanges that another replica answers (out), or that are answered here for it (in).",
        ("direction",),
        lambda: ((("out",), owners.asked), (("in",), owners.handed)),
    )
    for name, help, number in (
        (
            "mcpgateway_handovers_broken_total",
            "Exchanges with another replica that broke off.",
            lambda: owners.broken,
        ),
        (
            "mcpgateway_letters_ignored_total",
            "Letters of other replicas that did not open, or were not meant for this one.",
            lambda: owners.ignored,
        ),
        (
            "mcpgateway_letters_lost_total",
            "Letters to other replicas that could not be sent.",
            lambda: post.lost,
        ),
    ):
        registry.read("counter", name, help, (), _single(number))


def _single(number: Callable[[], float]) -> Callable[[], Values]:
    return lambda: (((), number()),)


def add_table(
    registry: Registry,
    tables: TableHolder,
    status: Callable[[], TableStatus],
    counters: Callable[[], Counters],
) -> None:
    def age() -> Values:
        known = status().age
        return () if known is None else (((), known),)

    registry.gauge(
        "mcpgateway_table_revision",
        "Revision of the routing table that is served; 0 before the first.",
        lambda: tables.current.revision,
    )
    registry.read(
        "gauge",
        "mcpgateway_table_age_seconds",
        "Since the routing table was last known to be the newest; absent when it never was.",
        (),
        age,
    )
    registry.gauge(
        "mcpgateway_table_faults",
        "Resources of the routing table that could not be used.",
        lambda: len(tables.current.faults),
    )
    registry.gauge(
        "mcpgateway_nats_connected",
        "1 while there is a connection to NATS, else 0.",
        lambda: status().nats,
    )
    registry.read(
        "counter",
        "mcpgateway_table_changes_total",
        "Changes of the routing table that arrived, by what became of them.",
        ("outcome",),
        lambda: [
            (("applied",), counters().applied),
            (("ignored",), counters().ignored),
            (("refused",), counters().refused),
            (("snapshot",), counters().snapshots),
        ],
    )


def add_tools(registry: Registry, gates: Gates) -> None:
    registry.gauge(
        "mcpgateway_tool_calls_waiting",
        "Calls that wait until fewer of their tool are under way.",
        lambda: gates.waiting,
    )


def add_searching(registry: Registry, catalogues: Catalogues) -> None:
    registry.gauge(
        "mcpgateway_search_indexed_tools",
        "Tools in the indexes of the servers that are searched.",
        lambda: catalogues.tools,
    )
    meanings = catalogues.meanings
    registry.gauge(
        "mcpgateway_search_embedded_tools",
        "Of these, tools that are found by what they mean, too.",
        lambda: 0 if meanings is None else meanings.vectors,
    )


def add_embeddings(registry: Registry) -> Callable[[str, str], None]:
    """What to tell for what each request for embeddings was, and how it ended."""
    ended = registry.counters(
        "mcpgateway_search_embeddings_total",
        "Requests for embeddings of tools and of queries that ended, by ok or the error's code.",
        ("of", "outcome"),
    )

    def count(of: str, outcome: str) -> None:
        ended.of(of, outcome).value += 1

    return count


def add_workers(registry: Registry, templates: WorkerPool[Any], filters: WorkerPool[Any]) -> None:
    pools = {"templates": templates, "filters": filters}

    def shown(number: Callable[[WorkerPool[Any]], int]) -> Callable[[], Values]:
        return lambda: [((work,), number(pool)) for work, pool in pools.items()]

    registry.read(
        "gauge",
        "mcpgateway_worker_processes",
        "Worker processes that run, by what they work on.",
        ("work",),
        shown(lambda pool: pool.running),
    )
    registry.read(
        "counter",
        "mcpgateway_worker_processes_started_total",
        "Worker processes that were started.",
        ("work",),
        shown(lambda pool: pool.tally.started),
    )
    registry.read(
        "counter",
        "mcpgateway_worker_processes_killed_total",
        "Worker processes that were lost to a work that took too long or too much.",
        ("work",),
        shown(lambda pool: pool.tally.killed),
    )
    registry.read(
        "gauge",
        "mcpgateway_worker_waiting",
        "Works that wait for a worker process.",
        ("work",),
        shown(lambda pool: pool.waiting),
    )


def add_reports(registry: Registry, dropped: Callable[[], float]) -> None:
    registry.read(
        "counter",
        "mcpgateway_decisions_dropped_total",
        "Decisions that no control plane will hear of: too many at once, or no NATS for long.",
        (),
        _single(dropped),
    )


def add_grpc(registry: Registry) -> Callable[[str], None]:
    """What to tell how each call of a gRPC service ended."""
    ended = registry.counters(
        "mcpgateway_grpc_calls_total",
        "Calls of gRPC services that ended, by their status or the error's code.",
        ("outcome",),
    )

    def count(outcome: str) -> None:
        ended.of(outcome).value += 1

    return count


def add_rest(registry: Registry) -> Callable[[str], None]:
    """What to tell how each request of a REST tool ended."""
    ended = registry.counters(
        "mcpgateway_rest_requests_total",
        "Requests of REST tools that ended, by the class of the status or the error's code.",
        ("outcome",),
    )

    def count(outcome: str) -> None:
        ended.of(outcome).value += 1

    return count
