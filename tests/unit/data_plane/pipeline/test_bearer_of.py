"""Which token of a caller can be exchanged."""

from typing import Any

import pytest

from mcpgateway.data_plane.pipeline.call import Call
from mcpgateway.data_plane.pipeline.upstream_auth.callers_authorization import bearer_of
from support.exchange import RecordingExchange

GATE = b"x-gate"


def shown(*headers: tuple[bytes, bytes]) -> Call:
    fields: dict[str, Any] = dict.fromkeys(Call.__struct_fields__)
    return Call(**fields | {"exchange": RecordingExchange(headers=list(headers))})


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (b"Bearer a.b.c", "a.b.c"),
        (b"bearer  a.b.c ", "a.b.c"),
        (b"Bearer mcpgw_0_x", ""),
        (b"Basic a.b.c", ""),
        (b"Bearer", ""),
        (b"", ""),
    ],
)
def test_a_jwt_is_one_and_nothing_else(value: bytes, found: str) -> None:
    assert bearer_of(shown((b"authorization", value)), b"authorization") == found


def test_it_is_looked_for_in_the_header_that_carries_credentials_alone() -> None:
    call = shown((b"authorization", b"Bearer o.t.her"), (GATE, b"Bearer a.b.c"))
    assert bearer_of(call, GATE) == "a.b.c"
    assert bearer_of(shown((b"authorization", b"Bearer o.t.her")), GATE) == ""
