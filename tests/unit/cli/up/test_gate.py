"""Ready means that one replica holds exactly what the control plane wants."""

import asyncio
from pathlib import Path

import pytest

from mcpgateway.cli.up.gate import OK, applied, fetch
from support.http import ScriptedApp
from support.tls_door import tls_door


def replicas(wanted: int, *revisions: int) -> dict[str, object]:
    return {
        "registry": "r1",
        "wanted": wanted,
        "replicas": [{"id": str(n), "revision": revision} for n, revision in enumerate(revisions)],
    }


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (replicas(3, 3), True),
        (replicas(3, 2, 3), True),
        (replicas(3, 2), False),
        (replicas(3), False),
        (replicas(0), False),
        ({}, False),
    ],
)
def test_one_replica_at_the_wanted_revision_opens_the_gate(
    body: dict[str, object], expected: bool
) -> None:
    assert applied(body, {}) is expected


def test_a_replica_of_another_lineage_does_not_count() -> None:
    body = replicas(3, 3)
    body["replicas"] = [{"id": "0", "registry": "r0", "revision": 3}]
    assert not applied(body, {})


@pytest.mark.parametrize(
    ("registry", "revision", "expected"), [("r1", 3, True), ("r1", 2, False), ("r0", 3, False)]
)
def test_what_a_replica_says_itself_counts_before_its_receipt_is_heard(
    registry: str, revision: int, expected: bool
) -> None:
    ready = {"ready": True, "table": {"registry": registry, "revision": revision}}
    assert applied(replicas(3), ready) is expected


async def test_readiness_is_asked_by_https_and_nobody_need_know_the_certificate(
    tmp_path: Path,
) -> None:
    app = ScriptedApp(answer=lambda exchange: exchange.respond(200, (), b'{"ready":true}'))
    async with tls_door(app, tmp_path) as opened:
        url = f"https://127.0.0.1:{opened.door.port}/ready"
        answer = await asyncio.to_thread(fetch, url)
    assert (answer.status, answer.body) == (OK, {"ready": True})
