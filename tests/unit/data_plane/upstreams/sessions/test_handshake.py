"""What opens a legacy session, and what an upstream may answer."""

import json

import msgspec
import pytest

from mcpgateway.common.errors import UpstreamRejected
from mcpgateway.common.mcp.revisions import LATEST_LEGACY, LEGACY, V2025_03_26
from mcpgateway.data_plane.upstreams.sessions import handshake
from support.sinks import LEGACY as LEGACY_CLIENT
from support.sinks import MODERN, ask, upstream


@pytest.mark.parametrize(
    ("revision", "known", "wanted"),
    [
        (V2025_03_26, LATEST_LEGACY, V2025_03_26),
        ("2026-07-28", V2025_03_26, V2025_03_26),
        ("2026-07-28", "", LATEST_LEGACY),
    ],
)
def test_the_clients_revision_is_wanted_if_legacy_else_what_discovery_found(
    revision: str, known: str, wanted: str
) -> None:
    client = msgspec.structs.replace(MODERN, revision=revision)
    message = json.loads(handshake.initialize(ask(upstream(protocol_version=known), client)))
    assert message["params"]["protocolVersion"] == wanted


def test_no_ability_is_declared_that_could_not_be_carried_to_the_client() -> None:
    message = json.loads(handshake.initialize(ask(upstream(), LEGACY_CLIENT)))
    assert message["params"]["capabilities"] == {}


@pytest.mark.parametrize("revision", LEGACY)
def test_every_legacy_revision_is_agreed_to(revision: str) -> None:
    body = {"jsonrpc": "2.0", "id": handshake.ID, "result": {"protocolVersion": revision}}
    agreed = handshake.answer("time", json.dumps(body).encode())
    assert agreed is not None
    assert agreed.revision == revision
    assert agreed.names_revision is (revision > V2025_03_26)


def test_what_comes_before_the_answer_is_none() -> None:
    for note in (b'{"jsonrpc":"2.0","method":"x"}', b'{"jsonrpc":"2.0","id":1,"method":"ping"}'):
        assert handshake.answer("time", note) is None


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{", "something else than JSON-RPC"),
        (b'{"jsonrpc":"2.0","id":"other","result":{}}', "the answer to another request"),
        (b'{"jsonrpc":"2.0","id":"mcpgateway-initialize","result":[]}', "an unusable result"),
        (
            b'{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"full"}}',
            "an error: full (code -32600)",
        ),
        (
            b'{"jsonrpc":"2.0","id":"mcpgateway-initialize",'
            b'"result":{"protocolVersion":"2026-07-28"}}',
            "protocol version '2026-07-28', expected one of 2025-11-25",
        ),
    ],
)
def test_any_other_answer_is_refused_in_words_that_name_the_upstream(
    body: bytes, says: str
) -> None:
    with pytest.raises(UpstreamRejected) as caught:
        handshake.answer("time", body)
    assert caught.value.message.startswith("upstream 'time' answered initialize with ")
    assert says in caught.value.message


@pytest.mark.parametrize("value", ["a b", "ü", "a\r\nb: c", "x" * 5000])
def test_a_session_id_that_no_header_can_hold_is_refused(value: str) -> None:
    with pytest.raises(UpstreamRejected, match="visible ASCII"):
        handshake.check_session_id("time", value)


def test_a_session_id_is_optional() -> None:
    assert handshake.check_session_id("time", "") == b""
    assert handshake.check_session_id("time", "a-1") == b"a-1"
