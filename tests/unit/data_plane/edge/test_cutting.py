"""Who may no longer call is cut off under the new table; everybody else is left alone."""

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from mcpgateway.common import api_tokens, jsonrpc
from mcpgateway.common.routing.build import build
from mcpgateway.common.routing.model import (
    Access,
    ApiToken,
    Key,
    Principal,
    Record,
    Revocation,
    Rule,
)
from mcpgateway.common.runtime.http.request_head import Refused
from mcpgateway.common.runtime.http.server_home import UnderWay
from mcpgateway.data_plane.edge.callers import Callers
from mcpgateway.data_plane.edge.cutting import Cutting
from mcpgateway.data_plane.edge.plain_tools import TOOL as PLAIN
from mcpgateway.data_plane.pipeline.admitting.authenticate import Authenticator, Unsealer
from mcpgateway.data_plane.table.holder import TableHolder
from support.endpoint import KEYS, NOW, Clock, bearer, signing_key, token
from support.exchange import RecordingExchange
from support.registries import server, tool, upstream

ANN, BOB = Principal("ann@example.com", admin=True), Principal("bob@example.com", admin=True)
MADE = api_tokens.make(bytes(range(48)))
API_TOKEN = ApiToken(MADE.id, MADE.sha256, ANN.id)
TOOL = tool("t", "u")
WORLD: tuple[Record, ...] = (
    ANN,
    BOB,
    API_TOKEN,
    signing_key(),
    upstream("u"),
    TOOL,
    server("s", tools=("t",)),
)


class Rig:
    """Requests that wait for their answers, and what became of them."""

    def __init__(self, *records: Record) -> None:
        self.tables = TableHolder()
        authenticator = Authenticator(Unsealer(KEYS.wire, "local", "default"), Clock())
        self.callers = Callers(self.tables, authenticator)
        self.refused: dict[str, int] = {}
        self.requests: dict[str, UnderWay] = {}
        self.asked: list[int] = []
        self.kept = Kept()
        self.cutting = Cutting(authenticator, (self.kept,))
        self.cutting.watch(self._under_way)
        self.tables.on_change(self.cutting.table_changed)
        self.put(records or WORLD, None)

    def _under_way(self) -> Iterable[UnderWay]:
        self.asked.append(1)
        return self.requests.values()

    def put(self, records: Iterable[Record], touched: Key | None) -> None:
        table = build("a-registry", self.tables.current.revision + 1, tuple(records))
        self.tables.swap(table, None if touched is None else frozenset((touched,)))

    def begin(self, name: str, text: str, at: str = "", body: bytes = b"") -> None:
        exchange = RecordingExchange(headers=[bearer(text)])
        admission = self.callers.admit(exchange, at)
        self.kept.callers.append((name, admission.caller, at))

        def cut(refusal: Refused) -> None:
            self.refused[name] = refusal.status

        self.requests[name] = UnderWay(exchange.notes, body, cut)


class Kept:
    """What stays open, such as channels."""

    def __init__(self) -> None:
        self.callers: list[tuple[str, Any, str]] = []
        self.gone: list[str] = []

    def cut(self, passes: Any) -> None:
        self.gone += [name for name, who, at in self.callers if not passes(who, at)]


def everybody(rig: Rig) -> None:
    rig.begin("token", MADE.text)
    rig.begin("ann", token(ANN.id, jti="ann-1"))
    rig.begin("bob", token(BOB.id, jti="bob-1"), "s")


def without(record: Record) -> list[Record]:
    return [each for each in WORLD if each is not record]


def instead(record: Record, other: Record) -> list[Record]:
    return [*without(record), other]


@pytest.mark.parametrize(
    ("records", "touched", "cut"),
    [
        (without(API_TOKEN), Key("api_token", API_TOKEN.id), {"token"}),
        (
            instead(API_TOKEN, msgspec.structs.replace(API_TOKEN, scope=b'{"teams":[]}')),
            Key("api_token", API_TOKEN.id),
            {"token"},
        ),
        ([*WORLD, Revocation("ann-1")], Key("revocation", "ann-1"), {"ann"}),
        (without(BOB), Key("principal", BOB.id), {"bob"}),
        (instead(ANN, Principal(ANN.id, active=False)), Key("principal", ANN.id), {"token", "ann"}),
        (
            instead(ANN, Principal(ANN.id, admin=True, not_before=NOW + 1)),
            Key("principal", ANN.id),
            {"ann"},
        ),
        (
            [*without(WORLD[3]), signing_key(b"another-secret-of-some-length!!!")],
            Key("signing_key", "jwt"),
            {"ann", "bob"},
        ),
        (without(WORLD[6]), Key("server", "s"), {"bob"}),
    ],
)
def test_what_is_taken_away_ends_what_is_open_for_it_and_nothing_else(
    records: list[Record], touched: Key, cut: set[str]
) -> None:
    rig = Rig()
    everybody(rig)
    rig.put(records, touched)
    assert set(rig.refused) == set(rig.kept.gone) == cut
    assert set(rig.refused.values()) == {401}


def test_what_was_made_from_an_api_token_ends_with_it() -> None:
    rig = Rig()
    everybody(rig)
    rig.begin("made", token(ANN.id, jti="ann-2", api_token=MADE.id))
    rig.put(without(API_TOKEN), Key("api_token", API_TOKEN.id))
    assert set(rig.refused) == set(rig.kept.gone) == {"token", "made"}


def test_a_change_that_takes_nothing_from_anybody_is_not_even_looked_at() -> None:
    rig = Rig()
    everybody(rig)
    seen = len(rig.asked)
    rig.put([*WORLD, tool("more", "u")], Key("tool", "more"))
    assert len(rig.asked) == seen
    assert not rig.refused


def test_a_table_built_anew_is_held_against_everybody() -> None:
    rig = Rig()
    everybody(rig)
    rig.put([*without(API_TOKEN), Revocation("bob-1")], None)
    assert set(rig.refused) == {"token", "bob"}


def call(name: str) -> bytes:
    return b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"%b"}}' % name.encode()


def test_a_call_of_what_its_caller_may_not_use_any_more_ends_and_its_other_calls_go_on() -> None:
    person = Principal("cay@example.com", teams=("team",))
    team = Access("team", "team")
    private = msgspec.structs.replace(tool("p", "u"), access=team)
    own = msgspec.structs.replace(tool("q", "u"), access=Access("private", owner=person.id))
    allow = Rule(
        "r",
        "r",
        "allow",
        b'{"subjects":{"principals":["cay@example.com"]},"actions":["tools.execute"]}',
    )
    rig = Rig(*WORLD, person, private, own, allow)
    text = token(person.id)
    rig.begin("theirs", text, body=call("u-p"))
    rig.begin("own", text, body=call("u-q"))
    rig.begin("listing", text, body=b'{"jsonrpc":"2.0","id":1,"method":"tools/list"}')
    rig.begin("nonsense", text, body=b"{")
    rig.put(
        [*WORLD, Principal(person.id), private, own, allow],
        Key("principal", person.id),
    )
    assert set(rig.refused) == {"theirs"}


def test_a_call_of_a_tool_that_is_withdrawn_ends_and_calls_of_others_go_on() -> None:
    other = tool("other", "u")
    rig = Rig(*WORLD, other)
    for name, at in (("t", ""), ("other", ""), ("t", "s")):
        rig.begin(f"{name} at {at or 'all'}", token(ANN.id), at, call(f"u-{name}"))
    rig.begin("listing", token(ANN.id), body=b'{"jsonrpc":"2.0","id":1,"method":"tools/list"}')
    gone = [each for each in (*WORLD, other) if each is not TOOL]
    rig.put(gone, Key("tool", TOOL.id))
    assert rig.refused == {"t at all": 403, "t at s": 403}
    assert not rig.kept.gone


def test_at_a_searched_server_it_is_the_tool_that_is_meant_which_counts() -> None:
    searched = server("x", tools=(TOOL.id, "other"), discovery="search")
    rig = Rig(*WORLD, tool("other", "u"), searched)

    def through(name: str, arguments: Any) -> bytes:
        params = {"name": name, "arguments": arguments}
        return jsonrpc.request(1, "tools/call", msgspec.json.encode(params))

    for said, name, arguments in (
        ("gone", "call_tool", {"name": "u-t"}),
        ("other", "call_tool", {"name": "u-other"}),
        ("search", "search_tools", {"query": "x"}),
    ):
        rig.begin(said, token(ANN.id), "x", through(name, arguments))
    rig.put([*without(TOOL), tool("other", "u"), searched], Key("tool", TOOL.id))
    assert rig.refused == {"gone": 403}


def test_a_plain_call_of_a_tool_that_is_withdrawn_ends() -> None:
    other = tool("other", "u")
    rig = Rig(*WORLD, other)
    for name in ("u-t", "u-other"):
        rig.begin(name, token(ANN.id), body=b'{"a":1}')
        begun = rig.requests[name]
        rig.requests[name] = UnderWay({**begun.notes, PLAIN: name}, begun.body, begun.cut)
    rig.put([*without(TOOL), other], Key("tool", TOOL.id))
    assert rig.refused == {"u-t": 403}


def test_a_tool_that_only_changes_ends_no_call_of_it() -> None:
    rig = Rig()
    rig.begin("call", token(ANN.id), body=call("u-t"))
    changed = msgspec.structs.replace(TOOL, access=Access("public"))
    rig.put(instead(TOOL, changed), Key("tool", TOOL.id))
    assert not rig.refused


def test_what_was_answered_without_asking_who_calls_is_left_alone() -> None:
    rig = Rig()
    rig.requests["health"] = UnderWay({}, b"", lambda _: pytest.fail("it was cut"))
    rig.put([], None)
