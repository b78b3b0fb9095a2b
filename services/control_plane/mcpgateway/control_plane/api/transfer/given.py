"""What was given by hand to have tools made of it, in exports: OpenAPI documents as text
(`openapi.document`), descriptors of gRPC services in base64 (`grpc.descriptors`). What is fetched
or reflected is had again where it is imported, and is not exported. They are no secrets."""

import base64
from collections.abc import Sequence
from typing import Any, NamedTuple

from mcpgateway.common.errors import InvalidCall
from mcpgateway.control_plane.api.transfer.exporting import Told
from mcpgateway.control_plane.registry.model import Upstream
from mcpgateway.control_plane.registry.ports import Reader
from mcpgateway.control_plane.registry.transports import grpc, openapi

MAX_GIVEN = 48 * 1024 * 1024  # characters, of one export: what is imported has at most 64 MiB


class _Place(NamedTuple):
    """In the spec of a gateway's document."""

    member: str
    field: str


_DOCUMENT = _Place("openapi", "document")
_DESCRIPTORS = _Place("grpc", "descriptors")


async def with_given(read: Reader, found: Sequence[Told]) -> list[Told]:
    """Raises InvalidCall when it comes to more than MAX_GIVEN."""
    left = MAX_GIVEN
    made = []
    for each in found:
        place = _place(each.row) if each.kind == "Gateway" else None
        if place is None:
            made.append(each)
            continue
        text = _text(place, await read.document(each.row.document))
        left -= len(text)
        if left < 0:
            raise _too_much(each)
        made.append(each._replace(document=_with(each.document, place, text)))
    return made


def _place(row: Upstream) -> _Place | None:
    """None: nothing was given."""
    options = row.transport_options
    if row.transport == "OPENAPI" and row.document and not openapi.read(options).document_url:
        return _DOCUMENT
    if row.transport == "GRPC" and row.document and not grpc.read(options).reflection:
        return _DESCRIPTORS
    return None


def _text(place: _Place, document: bytes) -> str:
    return document.decode() if place is _DOCUMENT else base64.b64encode(document).decode()


def _with(document: dict[str, Any], place: _Place, text: str) -> dict[str, Any]:
    spec = document["spec"]
    said = {**spec.get(place.member, {}), place.field: text}
    return {**document, "spec": {**spec, place.member: said}}


def _too_much(each: Told) -> InvalidCall:
    return InvalidCall(
        f"with the documents of gateway {each.row.name!r} the export would hold over {MAX_GIVEN} "
        "characters of OpenAPI documents and descriptors: export fewer gateways at a time"
    )
