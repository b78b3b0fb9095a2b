"""What data planes get of a gRPC service's document."""

import zlib
from datetime import UTC, datetime
from typing import Any

import pytest

from mcpgateway.common.protobuf import pool
from mcpgateway.control_plane.registry.model import Upstream, Who
from mcpgateway.control_plane.store import descriptors
from mcpgateway.control_plane.store.descriptors import Descriptors
from support.descriptor_sets import compiled

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TWO = compiled(
    {
        "a.proto": """syntax = "proto3"; package a; message M {}
            // Said.
            service S { rpc Do(M) returns (M); }""",
        "b.proto": """syntax = "proto3"; package b; message M {}
            service S { rpc Do(M) returns (M); }""",
    }
)
STORED = zlib.compress(TWO)


def _upstream(**fields: Any) -> Upstream:
    values: dict[str, Any] = {
        "id": "u",
        "name": "a",
        "slug": "a",
        "url": "grpc://a:1",
        "transport": "GRPC",
        "era": "modern",
        "protocol_version": "",
        "created_at": NOW,
        "updated_at": NOW,
        "created": Who("ann"),
        "document": "digest",
    }
    return Upstream(**(values | fields))


def test_the_files_of_its_choice_go_out_and_another_choice_gets_others() -> None:
    made = Descriptors()

    whole = pool.unpack(made.of(_upstream(), STORED))
    some = pool.unpack(made.of(_upstream(transport_options={"include": ["b.S"]}), STORED))

    assert [file.name for file in whole.file] == ["a.proto", "b.proto"]
    assert [file.name for file in some.file] == ["b.proto"]


def test_what_was_made_once_is_not_made_again() -> None:
    made = Descriptors()
    first = made.of(_upstream(), STORED)

    assert made.of(_upstream(), b"something else under the same digest") is first


def test_what_was_not_wanted_for_long_is_forgotten() -> None:
    made = Descriptors()
    first = made.of(_upstream(), STORED)
    for n in range(descriptors.KEPT):
        made.of(_upstream(document=str(n)), b"x")

    assert made.of(_upstream(), STORED) is not first


@pytest.mark.parametrize("body", [b"no zlib", zlib.compress(b"\xff\xff"), zlib.compress(b"")])
def test_a_document_that_can_not_be_used_gives_nothing_and_is_logged(
    body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    assert Descriptors().of(_upstream(), body) == b""
    assert "the descriptors of gateway u can not be used" in caplog.text


def test_only_grpc_services_have_some() -> None:
    assert Descriptors().of(_upstream(transport="OPENAPI"), STORED) == b""
    assert Descriptors().of(_upstream(), None) == b""
