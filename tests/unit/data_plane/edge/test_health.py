"""Readiness: a held table is enough, whatever else is away."""

from typing import Any

import msgspec

from mcpgateway.data_plane.edge.health import Health, TableStatus
from support.exchange import RecordingExchange

HELD = TableStatus(held=True, revision=7, age=3.0, source="disk", nats=False, registry="r1")


def ready(health: Health) -> tuple[int, dict[str, Any]]:
    exchange = RecordingExchange("GET", "/ready")
    health.ready(exchange)
    return exchange.status, msgspec.json.decode(exchange.answer)


def test_the_process_is_healthy_without_a_table() -> None:
    exchange = RecordingExchange("GET", "/health")
    Health(lambda: TableStatus(held=False), None).health(exchange)
    assert (exchange.status, exchange.answer) == (200, b'{"status":"healthy"}')


def test_a_table_from_disk_is_ready_while_nats_is_away() -> None:
    status, body = ready(Health(lambda: HELD, None))
    assert status == 200
    assert body == {
        "ready": True,
        "table": {"registry": "r1", "revision": 7, "age_s": 3.0, "source": "disk"},
        "nats": False,
    }


def test_without_a_table_it_is_not_ready_and_says_so() -> None:
    status, body = ready(Health(lambda: TableStatus(held=False), None))
    assert status == 503
    assert "table" in body["reason"]


def test_a_draining_replica_is_not_ready() -> None:
    health = Health(lambda: HELD, None)
    health.draining = True
    status, body = ready(health)
    assert (status, body["reason"]) == (503, "draining")


def test_a_table_over_the_operators_age_limit_is_not_ready() -> None:
    assert ready(Health(lambda: HELD, 3.5))[0] == 200
    status, body = ready(Health(lambda: HELD, 2.5))
    assert status == 503
    assert "MCPGATEWAY_MAX_TABLE_AGE" in body["reason"]


def test_a_table_that_was_never_known_to_be_current_fails_any_age_limit() -> None:
    never = TableStatus(held=True, source="disk")
    assert ready(Health(lambda: never, None))[0] == 200
    assert ready(Health(lambda: never, 3600))[0] == 503
