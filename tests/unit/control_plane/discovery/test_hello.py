"""What an upstream says of itself."""

import json

import pytest

from mcpgateway.common.errors import UpstreamRejected
from mcpgateway.control_plane.discovery.hello import greeted, introduced


def test_a_modern_server_is_named_by_its_meta() -> None:
    said = {
        "resultType": "complete",
        "supportedVersions": ["2026-07-28"],
        "capabilities": {"tools": {"x-vendor": 1.10}},
        "instructions": "Be kind.",
        "_meta": {"io.modelcontextprotocol/serverInfo": {"name": "s", "version": "2"}},
    }
    hello = introduced(json.dumps(said).encode(), "POST x")
    assert (hello.revision, hello.server_name, hello.server_version) == ("2026-07-28", "s", "2")
    assert hello.instructions == "Be kind."
    assert hello.typed


def test_a_modern_server_that_forgets_result_type_is_known_by_it() -> None:
    assert not introduced(b'{"supportedVersions":["2026-07-28"],"capabilities":{}}', "x").typed


def test_capabilities_keep_the_bytes_of_their_values() -> None:
    said = b'{"protocolVersion":"2024-11-05","capabilities":{"tools":{ "n":1.10 },"new":{}}}'
    assert greeted(said, "POST x").capabilities == b'{"tools":{ "n":1.10 },"new":{}}'


@pytest.mark.parametrize(
    ("result", "why"),
    [
        (b'{"protocolVersion":"2023-01-01","capabilities":{}}', "protocolVersion '2023-01-01'"),
        (b'{"protocolVersion":"2026-07-28","capabilities":{}}', "protocolVersion '2026-07-28'"),
        (b'{"protocolVersion":"2025-06-18"}', "missing required field `capabilities`"),
        (b'{"protocolVersion":"2025-06-18","capabilities":[]}', "malformed"),
        (b'"hello"', "malformed"),
        (
            b'{"protocolVersion":"2025-06-18","capabilities":{},"instructions":"%b"}'
            % (b"i" * 65537),
            "instructions over 65536",
        ),
    ],
)
def test_a_handshake_that_can_not_be_used_is_refused_with_its_step(result: bytes, why: str) -> None:
    with pytest.raises(UpstreamRejected, match=why) as refused:
        greeted(result, "POST http://h (initialize)")
    assert refused.value.message.startswith("POST http://h (initialize) answered")
