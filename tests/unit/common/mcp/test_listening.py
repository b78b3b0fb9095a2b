"""Filters are read strictly, and what is told names the stream it belongs to."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.mcp.listening import (
    MAX_TASKS,
    MAX_URI,
    MAX_URIS,
    Filter,
    acknowledged,
    ended,
    list_changed,
    listen_params,
    read_filter,
    task_changed,
    union,
    updated,
)

_filters = st.builds(
    Filter,
    lists=st.frozensets(st.sampled_from(["tools", "prompts", "resources"])),
    uris=st.frozensets(st.text(min_size=1, max_size=20), max_size=4),
    tasks=st.frozensets(st.text(min_size=1, max_size=20), max_size=4),
)
_ids = st.integers() | st.text(max_size=20)
_TAG = "io.modelcontextprotocol/subscriptionId"


@given(_filters)
def test_what_an_upstream_is_asked_reads_back_as_what_was_wanted(wanted: Filter) -> None:
    assert read_filter(listen_params(wanted)["notifications"]) == wanted


@given(_filters, _ids)
def test_the_acknowledgement_is_the_honoured_filter_under_the_streams_id(
    honoured: Filter, id: Any
) -> None:
    message = json.loads(acknowledged(honoured, id))
    assert message["method"] == "notifications/subscriptions/acknowledged"
    assert read_filter(json.dumps(message["params"]["notifications"]).encode()) == honoured
    tag = message["params"]["_meta"][_TAG]
    assert (tag, type(tag)) == (id, type(id))


@given(st.text(max_size=20), _ids)
def test_a_change_names_the_resource_and_its_modern_stream(uri: str, id: Any) -> None:
    assert json.loads(updated(uri))["params"] == {"uri": uri}
    assert json.loads(updated(uri, id))["params"] == {"uri": uri, "_meta": {_TAG: id}}


def test_a_task_is_told_whole_under_the_streams_id() -> None:
    message = json.loads(task_changed({"taskId": "t", "status": "working"}, 7))
    assert message["method"] == "notifications/tasks"
    assert message["params"] == {"taskId": "t", "status": "working", "_meta": {_TAG: 7}}


def test_more_tasks_than_can_be_followed_are_refused() -> None:
    ids = [str(n) for n in range(MAX_TASKS + 1)]
    with pytest.raises(ValueError, match="may name 1000 tasks"):
        read_filter(json.dumps({"taskIds": ids}).encode())


def test_a_changed_list_is_said_in_each_eras_words() -> None:
    legacy = json.loads(list_changed("tools"))
    assert legacy["method"] == "notifications/tools/list_changed"
    assert not legacy.get("params")
    assert json.loads(list_changed("prompts", "7"))["params"] == {"_meta": {_TAG: "7"}}


def test_the_end_is_a_result_under_the_streams_id() -> None:
    assert json.loads(ended(7)) == {
        "jsonrpc": "2.0",
        "id": 7,
        "result": {"resultType": "complete", "_meta": {_TAG: 7}},
    }


@given(st.lists(_filters, max_size=4))
def test_a_union_wants_what_any_of_them_wants(filters: list[Filter]) -> None:
    whole = union(filters)
    assert all(each.lists <= whole.lists and each.uris <= whole.uris for each in filters)
    assert whole.uris == frozenset().union(*(each.uris for each in filters))


def test_unknown_members_are_not_honoured_and_not_refused() -> None:
    raw = b'{"toolsListChanged":true,"promptsListChanged":false,"other":["x"]}'
    assert read_filter(raw) == Filter(frozenset({"tools"}))


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (None, "must be an object"),
        (b"[]", "not understood"),
        (b'{"toolsListChanged":1}', "not understood"),
        (b'{"resourceSubscriptions":"memo://a"}', "not understood"),
        (b'{"resourceSubscriptions":[1]}', "not understood"),
        (json.dumps({"resourceSubscriptions": ["x" * (MAX_URI + 1)]}).encode(), "characters"),
        (
            json.dumps({"resourceSubscriptions": [str(n) for n in range(MAX_URIS + 1)]}).encode(),
            "may name",
        ),
    ],
)
def test_other_filters_are_refused_with_the_reason(raw: bytes | None, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        read_filter(raw)
