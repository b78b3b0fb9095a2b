"""Bodies of /servers: what is understood and what is refused."""

from typing import Any

import pytest
from msgspec import UNSET

from mcpgateway.common.errors import InvalidCall
from mcpgateway.control_plane.api.nouns.server_input import read_server

ID = "0123456789abcdef0123456789abcdef"
DASHED = "01234567-89ab-cdef-0123-456789abcdef"


def problems(new: bool = True, **members: Any) -> set[str]:
    with pytest.raises(InvalidCall) as error:
        read_server({"name": "s"} | members, new=new)
    return {problem.field for problem in error.value.errors}


def test_what_is_inside_the_wrapping_wins_and_what_is_outside_counts() -> None:
    body = {"server": {"name": "s", "team_id": "in"}, "team_id": "out", "visibility": "team"}
    draft = read_server(body, new=True)
    assert (draft.name, draft.team_id, draft.visibility) == ("s", "in", "team")


@pytest.mark.parametrize("wrapped", ["s", 1, ["s"], True])
def test_a_wrapping_around_no_object_is_named(wrapped: object) -> None:
    assert problems(server=wrapped) == {"server"}


def test_ids_are_read_with_and_without_dashes_and_once() -> None:
    draft = read_server({"name": "s", "associatedTools": [ID, DASHED.upper()]}, new=True)
    assert draft.tools == (ID,)
    assert draft.prompts is UNSET
    assert draft.fields["tools"] == "associatedTools"


def test_an_own_id_must_be_one_and_is_not_changed_later() -> None:
    assert read_server({"name": "s", "id": DASHED}, new=True).id == ID
    assert problems(id="mine") == {"id"}
    assert read_server({"name": "s", "id": "mine"}, new=False).id is UNSET


def test_revisions_are_kept_newest_first_and_once() -> None:
    named = ["2025-03-26", "2026-07-28", "2025-03-26"]
    draft = read_server({"name": "s", "protocolVersions": named}, new=True)
    assert draft.protocol_versions == ("2026-07-28", "2025-03-26")
    assert read_server({"name": "s", "protocolVersions": []}, new=True).protocol_versions == ()
    assert read_server({"name": "s"}, new=True).protocol_versions is UNSET


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"associated_tools": 5}, "associated_tools"),
        ({"associated_tools": [5]}, "associated_tools[0]"),
        ({"associatedA2aAgents": [5]}, "associatedA2aAgents[0]"),
        ({"naming": "short"}, "naming"),
        ({"anonymousAccess": "yes"}, "anonymousAccess"),
        ({"protocolVersions": ["2025-06-18", "2025-06-17"]}, "protocolVersions"),
        ({"protocol_versions": [2025]}, "protocol_versions[0]"),
        ({"oauth_config": []}, "oauth_config"),
        ({"visibility": "team"}, "team_id"),
        ({"name": ""}, "name"),
    ],
)
def test_problems_name_the_field_as_it_was_spelled(members: dict[str, Any], field: str) -> None:
    assert problems(**members) == {field}
