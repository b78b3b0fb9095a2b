"""What was given by hand is put into exports, up to a limit."""

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from mcpgateway.common.errors import InvalidCall
from mcpgateway.control_plane.api.transfer import given
from mcpgateway.control_plane.api.transfer.exporting import Told
from mcpgateway.control_plane.registry.model import Transport, Upstream, Who
from mcpgateway.control_plane.registry.ports import Reader

NOW = datetime(2026, 11, 22, tzinfo=UTC)


class Kept:
    """Of a reader, the documents."""

    def __init__(self, document: bytes) -> None:
        self.document_bytes = document
        self.asked: list[str] = []

    async def document(self, sha256: str) -> bytes:
        self.asked.append(sha256)
        return self.document_bytes


def told(transport: Transport, options: dict[str, Any], name: str = "shop") -> Told:
    row = Upstream(
        id="u",
        name=name,
        slug=name,
        url="https://api.example",
        transport=transport,
        era="modern",
        protocol_version="",
        transport_options=options,
        document="sha",
        created_at=NOW,
        updated_at=NOW,
        created=Who("x"),
    )
    return Told("Gateway", row, {"kind": "Gateway", "spec": {transport.lower(): options}})


async def exported(document: bytes, *found: Told) -> list[dict[str, Any]]:
    made = await given.with_given(cast(Reader, Kept(document)), found)
    return [each.document["spec"] for each in made]


async def test_documents_are_text_and_descriptors_base64() -> None:
    [spec] = await exported("ä".encode(), told("OPENAPI", {"tags": ["a"]}))
    assert spec == {"openapi": {"tags": ["a"], "document": "ä"}}
    [spec] = await exported(b"\xff", told("GRPC", {"reflection": False}))
    assert spec == {"grpc": {"reflection": False, "descriptors": "/w=="}}


@pytest.mark.parametrize(
    ("transport", "options"),
    [("OPENAPI", {"document_url": "https://a/b"}), ("GRPC", {}), ("STDIO", {"command": "a"})],
)
async def test_what_can_be_had_again_is_not_even_read(
    transport: Transport, options: dict[str, Any]
) -> None:
    kept, one = Kept(b"x"), told(transport, options)
    assert await given.with_given(cast(Reader, kept), [one]) == [one]
    assert kept.asked == []


async def test_an_export_holds_so_much_and_names_the_gateway_that_is_too_much() -> None:
    half = b"a" * (given.MAX_GIVEN // 2)
    assert len(await exported(half, told("OPENAPI", {}), told("OPENAPI", {}))) == 2
    three = (told("OPENAPI", {}), told("OPENAPI", {}), told("OPENAPI", {}, "third"))
    with pytest.raises(InvalidCall, match=f"'third'.*{given.MAX_GIVEN}"):
        await exported(half, *three)
