"""The rows of the benchmark, in the order in which they are run and shown."""

from bench.contract import Row
from bench.rows import (
    calls,
    connect,
    deltas,
    eras,
    grpc,
    half,
    large,
    latency,
    lists,
    propagation,
    registry,
    rest,
    revocation,
    search,
    startup,
    streams,
    up,
)

ROWS: tuple[Row, ...] = (
    calls.ROW,
    eras.ROW,
    latency.ROW,
    half.ROW,
    large.ROW,
    rest.ROW,
    grpc.ROW,
    lists.ROW,
    search.ROW,
    streams.ROW,
    connect.ROW,
    propagation.ROW,
    revocation.ROW,
    deltas.ROW,
    registry.ROW,
    startup.ROW,
    up.ROW,
)
