"""The three tools of ours are definitions that any client takes."""

import jsonschema
import msgspec
import pytest

from mcpgateway.common.mcp import param_headers
from mcpgateway.common.routing.search_tools import CALL, LIST, NAMES, TASK_LIST


@pytest.mark.parametrize("listed", [LIST, TASK_LIST])
def test_they_are_listed_in_order_of_their_names(listed: bytes) -> None:
    found = msgspec.json.decode(listed)
    assert [each["name"] for each in found] == sorted(NAMES)
    for each in found:
        jsonschema.Draft202012Validator.check_schema(each["inputSchema"])
        assert param_headers.problem(msgspec.json.encode(each)) is None


def test_a_task_can_be_asked_of_what_calls_others_alone() -> None:
    found = {each["name"]: each for each in msgspec.json.decode(TASK_LIST)}
    assert [name for name, each in found.items() if "execution" in each] == [CALL]


def test_they_cost_a_client_little() -> None:
    assert len(LIST) < 1_600  # bytes, in place of a catalogue
