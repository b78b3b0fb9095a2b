"""What real upstreams of both eras ask in the midst of a call reaches the client, and its replies
the upstream."""

import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import msgspec
import pytest
from typing_extensions import override

from mcpgateway.common.mcp.questions import covered
from mcpgateway.common.routing.model import Upstream
from mcpgateway.common.runtime.http.pool import Pool
from mcpgateway.data_plane.upstreams.clients import UpstreamClients
from mcpgateway.data_plane.upstreams.request import Answered, Client, Question, Reply
from mcpgateway.data_plane.upstreams.sessions.session_pool import SessionLimits
from support.mcp_asking import URL
from support.mcp_catalogue import Catalogue
from support.mcp_servers import mcp_server
from support.sinks import LEGACY, MODERN, RecordingSink, ask, upstream
from support.wait import until

# The SDK's server leaves streams of sessions that end early to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:Unclosed <MemoryObject:ResourceWarning")

ALL = b'{"elicitation":{"form":{},"url":{}},"sampling":{},"roots":{}}'
ABLE = {
    "modern": msgspec.structs.replace(MODERN, capabilities=ALL),
    "legacy": msgspec.structs.replace(LEGACY, revision="2025-11-25", capabilities=ALL),
}
UPSTREAMS: dict[str, Callable[[], AbstractAsyncContextManager[Any]]] = {
    "modern": lambda: mcp_server(era="modern"),
    "legacy": lambda: mcp_server(era="legacy"),
    "sse": lambda: mcp_server(era="legacy", transport="sse"),
}
# Between two modern peers everything passes through: nothing is asked here.
PAIRS = [
    (client, kind) for client in ABLE for kind in UPSTREAMS if (client, kind) != ("modern",) * 2
]
REPLIES = {
    "elicitation/create": Reply(b'{"action":"accept","content":{"name":"Ann"}}'),
    "sampling/createMessage": Reply(
        b'{"role":"assistant","model":"m","content":{"type":"text","text":"Hi"}}'
    ),
    "roots/list": Reply(b'{"roots":[{"uri":"file:///a"}]}'),
}


class Person(RecordingSink):
    """Replies to each question by its method; keeps those open that it has no reply to. Refuses
    what was not declared."""

    def __init__(self, replies: Mapping[str, Reply] = REPLIES, capabilities: bytes = ALL) -> None:
        super().__init__()
        self.known = replies
        self.capabilities = capabilities
        self.open: list[Answered] = []

    @property
    def asked(self) -> list[Question]:
        return [question for batch in self.questions for question in batch.values()]

    @property
    def text(self) -> str:
        assert self.error is None, self.error
        return str(self.answered["result"]["content"][0]["text"])

    @override
    def ask(self, questions: Mapping[str, Question], answered: Answered) -> None:
        able = (
            covered(self.capabilities, "legacy", each.method, each.params)
            for each in questions.values()
        )
        if not all(able):
            answered({key: Reply(error=b'{"code":-1,"message":"no"}') for key in questions})
            return
        self.questions.append(dict(questions))
        if all(question.method in self.known for question in questions.values()):
            answered({key: self.known[each.method] for key, each in questions.items()})
        else:
            self.open.append(answered)


@dataclass
class Rig:
    clients: UpstreamClients
    upstream: Upstream
    catalogue: Catalogue
    ids: Iterator[int] = field(default_factory=count)

    def send(self, client: Client, person: Person, tool: str, **arguments: Any) -> Any:
        params = {"name": tool, "arguments": arguments}
        request = ask(self.upstream, client, params=params, id=next(self.ids))
        return self.clients.send(request, person)

    async def call(self, client: Client, tool: str, **arguments: Any) -> Person:
        person = Person(capabilities=client.capabilities)
        self.send(client, person, tool, **arguments)
        await person.wait(10)
        return person


@asynccontextmanager
async def running(kind: str, reply_seconds: float = 300.0) -> AsyncIterator[Rig]:
    async with UPSTREAMS[kind]() as server:
        pool = Pool()
        clients = UpstreamClients(pool, SessionLimits(reply_seconds=reply_seconds))
        record = upstream(
            "modern" if kind == "modern" else "legacy",
            server.url,
            transport="SSE" if kind == "sse" else "STREAMABLEHTTP",
            timeout_ms=1000,
        )
        yield Rig(clients, record, server.catalogue)
        await clients.aclose()
        await pool.aclose()


@pytest.mark.parametrize(("client", "kind"), PAIRS)
async def test_a_client_is_asked_and_its_reply_reaches_the_upstream(client: str, kind: str) -> None:
    async with running(kind) as rig:
        for tool, text in {
            "ask_name": "accept Ann",
            "ask_model": "Hi",
            "ask_roots": "file:///a",
            "ask_twice": "accept Ann; accept Ann",
            "ask_both": "accept Ann; Hi",
            "ask_later": "",
        }.items():
            person = await rig.call(ABLE[client], tool)
            assert (tool, person.text) == (tool, text)
        declared = rig.catalogue.asking.declared[0]
        assert set(declared) == {"elicitation", "sampling", "roots"}


@pytest.mark.parametrize(("client", "kind"), PAIRS)
async def test_a_page_has_an_id_where_the_client_knows_of_them(client: str, kind: str) -> None:
    async with running(kind) as rig:
        person = await rig.call(ABLE[client], "ask_url")
        assert person.text.startswith("accept")
        (question,) = person.asked
        params = json.loads(question.params)
        assert params["url"] == URL
        assert ("elicitationId" in params) is (client == "legacy")


@pytest.mark.parametrize(("client", "kind"), [p for p in PAIRS if p[1] == "legacy"])
async def test_what_is_asked_outside_the_calls_own_stream_is_asked_too(
    client: str, kind: str
) -> None:
    async with running(kind) as rig:
        for _ in range(2):
            person = await rig.call(ABLE[client], "ask_twice", standalone=True)
            assert person.text == "accept Ann; accept Ann"


@pytest.mark.parametrize(("client", "kind"), PAIRS)
async def test_what_a_client_did_not_declare_it_is_not_asked(client: str, kind: str) -> None:
    shy = msgspec.structs.replace(ABLE[client], capabilities=b'{"roots":{}}')
    async with running(kind) as rig:
        person = await rig.call(shy, "ask_name")
        assert person.asked == []
        assert person.text == ("cancel" if kind == "modern" else "refused: -32601")
        assert rig.catalogue.asking.declared[0] == {"roots": {}}


@pytest.mark.parametrize(("client", "kind"), PAIRS)
async def test_a_person_may_take_longer_than_an_upstream(client: str, kind: str) -> None:
    async with running(kind) as rig:
        person = Person({})
        rig.send(ABLE[client], person, "ask_name")
        await until(lambda: bool(person.open), "the question")
        # Longer than the second that the upstream itself has.
        with pytest.raises(TimeoutError):
            await person.wait(1.3)
        (key,) = person.questions[0]
        person.open[0]({key: REPLIES["elicitation/create"]})
        await person.wait(10)
        assert person.text == "accept Ann"


@pytest.mark.parametrize(("client", "kind"), PAIRS)
async def test_a_question_that_stays_open_ends_the_call(client: str, kind: str) -> None:
    async with running(kind, reply_seconds=0.2) as rig:
        person = Person({})
        rig.send(ABLE[client], person, "ask_name")
        await person.wait(10)
        assert person.error is not None
        assert "within 0.2 s" in person.error.message
        (key,) = person.questions[0]
        person.open[0]({key: REPLIES["elicitation/create"]})  # too late, and without effect
        assert (await rig.call(ABLE[client], "ask_name")).text == "accept Ann"


@pytest.mark.parametrize(("client", "kind"), PAIRS)
async def test_a_call_can_be_cancelled_while_its_client_is_asked(client: str, kind: str) -> None:
    async with running(kind) as rig:
        person = Person({})
        ticket = rig.send(ABLE[client], person, "ask_name")
        await until(lambda: bool(person.open), "the question")
        ticket.cancel()
        (key,) = person.questions[0]
        person.open[0]({key: REPLIES["elicitation/create"]})
        assert (await rig.call(ABLE[client], "echo", text="on")).text == "on"
        assert person.calls == []


async def test_calls_of_one_principal_that_may_be_asked_have_a_session_each() -> None:
    async with running("legacy") as rig:
        people = [Person({}) for _ in range(3)]
        for person in people:
            rig.send(ABLE["modern"], person, "ask_name", standalone=True)
        await until(lambda: all(person.open for person in people), "all are asked")
        assert rig.clients.sessions_open == 3
        for number, person in enumerate(people):
            (key,) = person.questions[0]
            said = b'{"action":"accept","content":{"name":"%d"}}' % number
            person.open[0]({key: Reply(said)})
        for number, person in enumerate(people):
            await person.wait(10)
            assert person.text == f"accept {number}"
        # Later calls take the sessions over.
        assert (await rig.call(ABLE["modern"], "ask_name")).text == "accept Ann"
        assert rig.clients.sessions_open == 3


async def test_a_modern_client_is_sent_to_the_page_that_a_legacy_upstream_requires() -> None:
    async with running("legacy") as rig:
        person = await rig.call(ABLE["modern"], "need_url")
        result = person.answered["result"]
        assert result["resultType"] == "input_required"
        (page,) = result["inputRequests"].values()
        assert page["method"] == "elicitation/create"
        assert page["params"] == {"mode": "url", "message": "Please connect", "url": URL}
        assert (await rig.call(ABLE["modern"], "need_url")).text == "connected"


@pytest.mark.parametrize("kind", ["legacy", "modern", "sse"])
async def test_a_legacy_client_gets_log_messages_from_the_level_that_it_set(kind: str) -> None:
    async with running(kind) as rig:
        for level, heard in (("warning", ["warning", "error"]), ("error", ["error"])):
            client = msgspec.structs.replace(ABLE["legacy"], log_level=level)
            person = await rig.call(client, "log_some")
            assert [each["params"]["level"] for each in person.messages] == heard
        if kind != "modern":
            assert rig.catalogue.asking.levels == ["warning", "error"]


async def test_a_shared_session_has_the_level_of_who_wants_most_and_each_hears_its_own() -> None:
    async with running("legacy") as rig:
        plain = MODERN
        for level, heard in (("error", 1), ("info", 3), ("warning", 2)):
            params = {"name": "log_some", "_meta": {"io.modelcontextprotocol/logLevel": level}}
            person = Person()
            rig.clients.send(ask(rig.upstream, plain, params=params), person)
            await person.wait(10)
            assert len(person.messages) == heard
        assert rig.catalogue.asking.levels == ["error", "info"]


@pytest.mark.parametrize("client", ["modern", "legacy"])
async def test_an_answer_whose_stream_breaks_off_is_taken_up_again(client: str) -> None:
    async with mcp_server(era="legacy", resumable=True) as server:
        pool = Pool()
        clients = UpstreamClients(pool)
        record = upstream("legacy", server.url, timeout_ms=5000)
        # The server breaks off only where the revision lets it.
        known = msgspec.structs.replace(record, protocol_version="2025-11-25")
        for able in (ABLE[client], msgspec.structs.replace(ABLE[client], capabilities=b"{}")):
            person = Person()
            params = {"name": "break_off"}
            clients.send(ask(known, able, params=params), person)
            await person.wait(10)
            assert person.text == "went on"
        assert server.catalogue.calls == ["break_off"] * 2
        await clients.aclose()
        await pool.aclose()
