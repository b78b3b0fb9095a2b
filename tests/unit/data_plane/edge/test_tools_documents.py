"""Documents are made once for each view, in slices where large, and kept within a bound."""

from mcpgateway.common.policy.access.subject import Subject
from mcpgateway.common.routing.build import build
from mcpgateway.common.routing.view import View
from mcpgateway.data_plane.edge.tools_documents import MAKING, ToolsDocuments
from support.exchange import RecordingExchange
from support.registries import ADMIN, REGISTRY, server, tool, upstream

MANY = 3_000
TABLE = build(
    REGISTRY,
    1,
    (
        upstream(),
        *(tool(f"t{n}") for n in range(MANY)),
        *(server(f"few{n}", tools=("t1", "t2")) for n in range(3)),
        *(server(f"s{n}", tools=tuple(f"t{m}" for m in range(MANY))) for n in range(MAKING + 1)),
    ),
)


def view(id: str) -> View:
    found = TABLE.view(Subject(ADMIN), id)
    assert found is not None
    return found


def asked(documents: ToolsDocuments, id: str) -> RecordingExchange:
    exchange = RecordingExchange("GET", f"/servers/{id}/openapi.json")
    documents.answer(exchange, view(id))
    return exchange


def test_it_is_made_once() -> None:
    documents = ToolsDocuments("1")
    assert asked(documents, "few0").written[0] is asked(documents, "few0").written[0]


def test_what_is_kept_is_bounded() -> None:
    one = len(asked(ToolsDocuments("1"), "few0").answer)
    documents = ToolsDocuments("1", kept=2 * one)
    first = asked(documents, "few0").written[0]
    asked(documents, "few1")
    assert asked(documents, "few0").written[0] is first
    asked(documents, "few2")
    assert asked(documents, "few0").written[0] is not first


async def test_a_large_one_is_made_for_all_who_wait() -> None:
    documents = ToolsDocuments("1")
    first, second, left = (asked(documents, "s0") for _ in range(3))
    assert not first.started
    left.leave()
    await first.finished()
    await second.finished()
    assert first.written[0] is second.written[0]
    assert first.answer.count(b'"operationId"') == MANY


async def test_too_many_at_once_are_told_to_come_again() -> None:
    documents = ToolsDocuments("1")
    answers = [asked(documents, f"s{n}") for n in range(MAKING + 1)]
    assert (answers[-1].status, answers[-1].sent_headers[b"retry-after"]) == (503, b"2")
    for each in answers[:-1]:
        await each.finished()
    assert {each.status for each in answers[:-1]} == {200}
