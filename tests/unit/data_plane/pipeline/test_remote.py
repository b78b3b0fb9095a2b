"""What is sent to which upstream, and with whose headers."""

import gc
import weakref
from typing import Any

import msgspec
import pytest

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp.revisions import LATEST_LEGACY, Era
from mcpgateway.common.mcp.session import Session
from mcpgateway.common.metrics.instruments import Registry
from mcpgateway.common.policy.access.permits import Permits
from mcpgateway.common.policy.access.policy import Rights
from mcpgateway.common.policy.access.subject import Subject
from mcpgateway.common.policy.visibility import ANYBODY
from mcpgateway.common.routing.build import build
from mcpgateway.common.routing.model import Credential
from mcpgateway.common.routing.view import View
from mcpgateway.data_plane.parked.owners import Alone
from mcpgateway.data_plane.pipeline.admitting.authenticate import Unsealer
from mcpgateway.data_plane.pipeline.aims import at_prompt
from mcpgateway.data_plane.pipeline.call import Call, Caller
from mcpgateway.data_plane.pipeline.counted import Calls
from mcpgateway.data_plane.pipeline.forms import WHOLE
from mcpgateway.data_plane.pipeline.inflight import InFlight
from mcpgateway.data_plane.pipeline.remote import Remote
from mcpgateway.data_plane.pipeline.upstream_auth.credentials import Credentials
from support.conversations import conversations
from support.endpoint import (
    KEYS,
    META,
    USER,
    Endpoint,
    answer_of,
    mirrored,
    signing_key,
    wire_sealed,
)
from support.exchange import RecordingExchange
from support.registries import prompt, resource, server, tool, upstream
from support.upstreams import RecordingUpstreams

SEALED = wire_sealed("credential", "c1", b'[["Authorization","Bearer up"],["X-Key","k"]]')
PLAIN = (
    upstream(),
    tool(),
    prompt(),
    resource(),
    resource("r2", uri="memo://notes/{id}", template=True),
)


def test_a_tool_is_called_by_its_upstreams_name_and_every_other_member_survives() -> None:
    endpoint = Endpoint(PLAIN)
    body = (
        b'{"jsonrpc":"2.0","id":"x","method":"tools/call","params":'
        b'{"future":[1.10, 12345678901234567890123],"name":"u1-t1","arguments":{"b":1,"a":2}}}'
    )
    endpoint.send(body)
    sent = endpoint.upstreams.last
    assert sent.request.id == "x"
    assert list(sent.params.items()) == [
        ("future", b"[1.10, 12345678901234567890123]"),
        ("name", b'"t1"'),
        ("arguments", b'{"b":1,"a":2}'),
    ]


def test_it_is_sent_before_the_request_has_been_left() -> None:
    endpoint = Endpoint(PLAIN, RecordingUpstreams(b'{"jsonrpc":"2.0","id":1,"result":{}}'))
    exchange = endpoint.legacy("tools/call", {"name": "u1-t1"})
    assert exchange.ended
    assert exchange.answer == b'{"jsonrpc":"2.0","id":1,"result":{}}'


@pytest.mark.parametrize(
    ("fields", "safe"),
    [({}, False), ({"read_only": True}, True), ({"idempotent": True}, True)],
)
def test_only_a_harmless_tool_may_be_sent_twice(fields: dict[str, Any], safe: bool) -> None:
    endpoint = Endpoint([upstream(), tool("t1", **fields)])
    endpoint.legacy("tools/call", {"name": "u1-t1"})
    assert endpoint.upstreams.last.request.safe is safe


def test_a_members_original_name_is_offered_where_the_server_says_so() -> None:
    endpoint = Endpoint([*PLAIN, server("s1", tools=("t1",), naming="original")])
    endpoint.legacy("tools/call", {"name": "t1"}, "s1")
    assert endpoint.upstreams.last.params["name"] == b'"t1"'


def test_prompts_resources_and_completions_reach_their_owner() -> None:
    endpoint = Endpoint(PLAIN)
    endpoint.legacy("prompts/get", {"name": "u1-p1", "arguments": {"who": "x"}})
    assert endpoint.upstreams.last.params["name"] == b'"p1"'
    endpoint.legacy("resources/read", {"uri": "memo://notes/7"})
    assert endpoint.upstreams.last.params["uri"] == b'"memo://notes/7"'
    for ref, expected in (
        ({"type": "ref/prompt", "name": "u1-p1"}, b'{"type":"ref/prompt","name":"p1"}'),
        (
            {"type": "ref/resource", "uri": "memo://notes/{id}"},
            b'{"type":"ref/resource","uri":"memo://notes/{id}"}',
        ),
    ):
        argument = {"name": "who", "value": "a"}
        endpoint.legacy("completion/complete", {"ref": ref, "argument": argument})
        assert endpoint.upstreams.last.params["ref"] == expected
    assert all(call.request.safe for call in endpoint.upstreams.calls)


@pytest.mark.parametrize(
    ("method", "params", "named"),
    [
        ("tools/call", {}, "params.name"),
        ("tools/call", {"name": 7}, "params.name"),
        ("tools/call", {"name": "nope"}, "nope"),
        ("prompts/get", {"name": "nope"}, "nope"),
        ("completion/complete", {}, "params.ref"),
        ("completion/complete", {"ref": {"type": "ref/else"}}, "params.ref.type"),
        ("completion/complete", {"ref": {"type": "ref/prompt", "name": "nope"}}, "nope"),
        ("completion/complete", {"ref": {"type": "ref/prompt"}}, "params.ref.name"),
        ("completion/complete", {"ref": {"type": "ref/resource"}}, "params.ref.uri"),
    ],
)
def test_a_call_of_nothing_is_invalid_params_and_says_what(
    method: str, params: dict[str, Any], named: str
) -> None:
    endpoint = Endpoint(PLAIN)
    exchange = endpoint.legacy(method, params)
    error = answer_of(exchange)["error"]
    assert (exchange.status, error["code"]) == (200, jsonrpc.INVALID_PARAMS)
    assert named in error["message"]
    assert endpoint.upstreams.calls == []


def test_an_unknown_tool_is_400_to_a_modern_client() -> None:
    exchange = Endpoint(PLAIN).modern("tools/call", {"name": "nope"})
    assert exchange.status == 400
    assert answer_of(exchange)["error"]["code"] == jsonrpc.INVALID_PARAMS


def test_an_unknown_resource_has_each_eras_own_code() -> None:
    endpoint = Endpoint(PLAIN)
    legacy = answer_of(endpoint.legacy("resources/read", {"uri": "memo://none"}))["error"]
    modern = answer_of(endpoint.modern("resources/read", {"uri": "memo://none"}))["error"]
    assert (legacy["code"], modern["code"]) == (jsonrpc.RESOURCE_NOT_FOUND, jsonrpc.INVALID_PARAMS)
    assert legacy["data"] == {"uri": "memo://none"}


def test_an_upstream_gets_its_own_credentials_and_never_the_callers() -> None:
    endpoint = Endpoint(
        [
            upstream(credential="c1", passthrough_headers=("Authorization", "X-Trace", "X-Key")),
            tool(),
            Credential("c1", SEALED),
        ]
    )
    sent = [(b"x-trace", b"t"), (b"x-key", b"mine"), (b"x-other", b"o")]
    endpoint.legacy("tools/call", {"name": "u1-t1"}, headers=sent)
    assert endpoint.upstreams.last.request.headers == (
        (b"authorization", b"Bearer up"),
        (b"x-key", b"k"),
        (b"x-trace", b"t"),
    )


def test_a_credential_in_the_query_string_goes_there_and_into_no_header() -> None:
    sealed = wire_sealed("credential", "c1", b'[["?api key","s&crt"]]')
    endpoint = Endpoint([upstream(credential="c1"), tool(), Credential("c1", sealed)])
    endpoint.legacy("tools/call", {"name": "u1-t1"})
    first = endpoint.upstreams.last.request
    assert first.headers == ()
    assert first.upstream.url == f"{upstream().url}?api+key=s%26crt"
    endpoint.legacy("tools/call", {"name": "u1-t1"})
    assert endpoint.upstreams.last.request.upstream is first.upstream


def test_a_new_version_of_a_credential_is_used_from_the_next_call_on() -> None:
    records = (upstream(credential="c1"), tool())
    endpoint = Endpoint([*records, Credential("c1", SEALED)])
    endpoint.legacy("tools/call", {"name": "u1-t1"})
    renewed = wire_sealed("credential", "c1", b'[["x-key","new"]]')
    endpoint.put(USER, signing_key(), *records, Credential("c1", renewed))
    endpoint.legacy("tools/call", {"name": "u1-t1"})
    assert endpoint.upstreams.last.request.headers == ((b"x-key", b"new"),)


def test_without_openable_credentials_nothing_is_sent() -> None:
    endpoint = Endpoint([upstream(credential="c1"), tool(), Credential("c1", b"junk")])
    exchange = endpoint.modern("tools/call", {"name": "u1-t1"})
    assert exchange.status == 503
    assert "credentials of upstream 'u1'" in answer_of(exchange)["error"]["message"]
    assert endpoint.upstreams.calls == []


def test_mirrored_arguments_go_on_to_modern_upstreams_only() -> None:
    for era, expected in (("modern", ((b"mcp-param-region", b"eu"),)), ("legacy", ())):
        endpoint = Endpoint([upstream(era=era), tool()])
        header = (b"mcp-param-region", b"eu")
        endpoint.modern("tools/call", {"name": "u1-t1"}, headers=[header])
        assert endpoint.upstreams.last.request.headers == expected


def test_a_key_sent_twice_in_meta_reaches_the_upstream_once() -> None:
    endpoint = Endpoint(PLAIN)
    meta = msgspec.json.encode(META)[1:-1]
    twice = b'{"x/y":1,%b,"x/y":2}' % meta
    params = b'{"name":"u1-t1","_meta":%b}' % twice
    headers = mirrored("tools/call", {"name": "u1-t1"})
    endpoint.send(jsonrpc.request(1, "tools/call", params), headers=headers)
    assert endpoint.upstreams.last.params["_meta"].count(b"x/y") == 1


def test_a_modern_caller_has_no_session() -> None:
    endpoint = Endpoint(PLAIN)
    endpoint.modern("tools/call", {"name": "u1-t1"})
    client = endpoint.upstreams.last.request.client
    assert (client.era, client.revision, client.session) == ("modern", "2026-07-28", "")
    assert client.principal.startswith(USER.id)


def test_meta_that_is_no_object_is_refused() -> None:
    exchange = Endpoint(PLAIN).legacy("tools/call", {"name": "u1-t1", "_meta": 3})
    assert "params._meta" in answer_of(exchange)["error"]["message"]


def test_a_call_under_way_holds_no_old_table_in_memory() -> None:
    endpoint = Endpoint(PLAIN)
    endpoint.legacy("tools/call", {"name": "u1-t1"})
    view = endpoint.tables.current.view(Subject(USER), None)
    assert view is not None
    old = weakref.ref(view)
    del view
    endpoint.put(USER, signing_key(), *PLAIN)
    gc.collect()
    assert old() is None


def test_a_call_of_a_session_is_answered_in_its_own_form_and_can_be_cancelled() -> None:
    upstreams, inflight = RecordingUpstreams(), InFlight(Alone("replica-1"))
    unsealer = Unsealer(KEYS.wire, "local", "default")
    remote = Remote(upstreams, Credentials(unsealer), inflight, conversations(), Calls(Registry()))
    table = build("a-registry", 1, PLAIN)
    exchange = RecordingExchange()
    call = Call(
        exchange=exchange,
        table=table,
        view=View.of_prompt(table.prompts["p1"], Permits(Rights.all_of(ANYBODY))),
        caller=Caller(),
        era="legacy",
        revision=LATEST_LEGACY,
        id=5,
        method="prompts/get",
        params={"name": msgspec.Raw(b'"u1-p1"')},
        meta=None,
        form=WHOLE,
        session=Session("s1", LATEST_LEGACY, 0),
    )
    remote.send_aimed(call, at_prompt(table.prompts["p1"]))
    upstreams.last.sink.message(b'{"jsonrpc":"2.0","method":"notifications/progress"}')
    assert (exchange.started, len(inflight)) == (False, 1)
    inflight.cancel(("s1", 5))
    assert (upstreams.last.ticket.asked, len(inflight)) == (["cancel"], 0)
    assert answer_of(exchange)["error"]["message"] == "cancelled by the client"


@pytest.mark.parametrize(
    ("era", "line", "status"),
    [
        ("legacy", b"eu", 200),
        ("legacy", b"us", 400),
        ("legacy", b"", 400),
        ("modern", b"us", 200),  # which checks it itself
    ],
)
def test_a_legacy_upstreams_arguments_are_held_against_their_headers(
    era: Era, line: bytes, status: int
) -> None:
    schema = b'{"type":"object","properties":{"r":{"type":"string","x-mcp-header":"Region"}}}'
    marked = tool(definition=b'{"inputSchema":' + schema + b"}")
    upstreams = RecordingUpstreams(b'{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete"}}')
    endpoint = Endpoint([upstream(era=era), marked], upstreams)
    params = {"name": "u1-t1", "arguments": {"r": "eu"}}
    exchange = endpoint.modern("tools/call", params, headers=[(b"mcp-param-region", line)])
    assert exchange.status == status
    if status == 400:
        assert answer_of(exchange)["error"]["code"] == jsonrpc.HEADER_MISMATCH
        assert endpoint.upstreams.calls == []


@pytest.mark.parametrize(
    ("client", "era", "taken"),
    [
        ("modern", "legacy", False),
        ("legacy", "modern", False),
        ("modern", "modern", True),
        ("legacy", "legacy", True),
    ],
)
def test_a_duplicate_argument_is_refused_where_arguments_are_read_here(
    client: Era, era: Era, taken: bool
) -> None:
    schema = b'{"type":"object","properties":{"r":{"type":"string","x-mcp-header":"Region"}}}'
    marked = tool(definition=b'{"inputSchema":' + schema + b"}")
    endpoint = Endpoint([upstream(era=era), marked])
    params = {"name": "u1-t1", "arguments": msgspec.Raw(b'{"r":"us","r":"eu"}')}
    if client == "modern":
        exchange = endpoint.modern("tools/call", params, headers=[(b"mcp-param-region", b"eu")])
    else:
        exchange = endpoint.legacy("tools/call", params)
    assert bool(endpoint.upstreams.calls) is taken
    if not taken:
        error = answer_of(exchange)["error"]
        assert (error["code"], exchange.status) == (
            jsonrpc.INVALID_PARAMS,
            400 if client == "modern" else 200,
        )
        assert "duplicate key 'r'" in error["message"]
