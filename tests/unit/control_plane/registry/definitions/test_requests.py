"""The request of a tool of an API is pinned with its words."""

from datetime import UTC, datetime

import msgspec
import pytest

from mcpgateway.control_plane.registry.definitions import definitions
from mcpgateway.control_plane.registry.definitions.requests import parted, whole
from mcpgateway.control_plane.registry.model import DefinitionPolicy, Tool, Who

AT = datetime(2026, 11, 22, tzinfo=UTC)
WORDS = '{"description":"gets a pet","inputSchema":{"type":"object"}}'
HERE, THERE = {"url": "https://a.example/pets"}, {"url": "https://a.example/admin"}


def tool() -> Tool:
    return Tool(
        id="1",
        upstream_id="u",
        name="a-get",
        original_name="get",
        definition=WORDS,
        request=HERE,
        created_at=AT,
        updated_at=AT,
        created=Who(by="t"),
    )


def after(row: Tool, request: dict[str, str], policy: DefinitionPolicy) -> Tool:
    changes = definitions.reworded(row, whole(WORDS, request), policy, AT)
    return msgspec.structs.replace(row, **changes)


def test_what_is_joined_comes_apart_as_it_was() -> None:
    assert parted(whole(WORDS, HERE), of_api=True) == (WORDS, HERE)
    assert parted(whole(WORDS, None), of_api=True) == (WORDS, None)


def test_a_member_of_an_mcp_server_is_left_to_it() -> None:
    own = '{"description":"x","request":{"a":1}}'
    assert parted(own, of_api=False) == (own, None)


@pytest.mark.parametrize("policy", ["hold", "withdraw"])
def test_the_same_words_over_another_request_wait_for_somebody(policy: DefinitionPolicy) -> None:
    row = after(tool(), THERE, policy)
    assert (row.definition, row.request) == (WORDS, HERE)
    drift = definitions.drift_of(row)
    assert drift is not None
    assert [each.at for each in drift.changes] == ["request"]
    assert drift.severity == "behaviour"

    approved = msgspec.structs.replace(row, **definitions.approved(row, "bob", AT))
    assert (approved.definition, approved.request, approved.pending) == (WORDS, THERE, None)


def test_a_rejected_request_stays_away() -> None:
    row = after(tool(), THERE, "hold")
    row = msgspec.structs.replace(row, **definitions.rejected(row, "bob", AT))
    again = after(row, THERE, "hold")
    assert again.request == HERE
    assert (drift := definitions.drift_of(again)) is not None
    assert drift.state == "rejected"


@pytest.mark.parametrize("policy", ["accept", "flag"])
def test_where_words_are_taken_so_is_the_request(policy: DefinitionPolicy) -> None:
    row = after(tool(), THERE, policy)
    assert (row.definition, row.request, row.pending) == (WORDS, THERE, None)
    assert definitions.offered(row) == whole(WORDS, THERE)


def test_the_same_request_is_no_news() -> None:
    row = after(tool(), HERE, "hold")
    assert (row.definition, row.request, row.drift) == (WORDS, HERE, None)
