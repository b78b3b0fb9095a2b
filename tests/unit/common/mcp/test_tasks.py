"""The words of tasks in both eras; and renaming touches the names of tasks and nothing else."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp import tasks

NAMES = st.text(min_size=1, max_size=20)
OTHER = st.dictionaries(
    st.text(max_size=5).filter(lambda key: key not in ("task", "taskId", "_meta", "resultType")),
    st.one_of(st.integers(), st.text(max_size=5), st.lists(st.booleans(), max_size=3)),
    max_size=4,
)


def raw(value: Any) -> bytes:
    return json.dumps(value).encode()


def renamed(method: str, result: Any) -> Any:
    return json.loads(tasks.result_renamed(method, raw(result), lambda id: f"gw-{id}"))


def test_a_capability_is_known_by_its_place_and_not_by_its_name_alone() -> None:
    extension: dict[str, Any] = {"extensions": {tasks.EXTENSION: {}}}
    assert tasks.declared(raw(extension))
    assert tasks.offered(raw(extension), "modern")
    assert not tasks.declared(raw({"experimental": {tasks.EXTENSION: {}}}))
    assert not tasks.declared(raw({"extensions": [tasks.EXTENSION]}))
    assert not tasks.declared(None)
    core = {"tasks": tasks.LEGACY_CAPABILITY}
    assert tasks.offered(raw(core), "legacy")
    assert not tasks.offered(raw(core), "modern")
    assert not tasks.offered(raw({"tasks": {"list": {}}}), "legacy")
    assert tasks.lists(raw(core))
    assert not tasks.lists(raw(extension))


@pytest.mark.parametrize(
    ("method", "result", "expected"),
    [
        (
            "tools/call",
            {"resultType": "task", "taskId": "1", "status": "working"},
            {"resultType": "task", "taskId": "gw-1", "status": "working"},
        ),
        (
            "tools/call",
            {"task": {"taskId": "1", "ttl": None}},
            {"task": {"taskId": "gw-1", "ttl": None}},
        ),
        (
            "tasks/get",
            {"resultType": "complete", "taskId": "1", "result": {"taskId": "a result's own"}},
            {"resultType": "complete", "taskId": "gw-1", "result": {"taskId": "a result's own"}},
        ),
        ("tasks/cancel", {"taskId": "1"}, {"taskId": "gw-1"}),
        (
            "tasks/result",
            {"content": [], "_meta": {tasks.META_RELATED: {"taskId": "1"}, "own": 1}},
            {"content": [], "_meta": {tasks.META_RELATED: {"taskId": "gw-1"}, "own": 1}},
        ),
    ],
)
def test_each_result_that_names_a_task_names_it_as_the_client_knows_it(
    method: str, result: Any, expected: Any
) -> None:
    assert renamed(method, result) == expected


@pytest.mark.parametrize(
    "result",
    [
        {"content": [{"type": "text", "text": "taskId"}], "structuredContent": {"taskId": "1"}},
        {"resultType": "complete", "content": []},
        {"resultType": "input_required", "inputRequests": {}},
    ],
)
def test_a_result_that_names_no_task_keeps_its_bytes(result: Any) -> None:
    spaced = json.dumps(result, indent=1).encode()
    assert tasks.result_renamed("tools/call", spaced, lambda id: id + "!") == spaced


@given(NAMES, OTHER)
def test_renaming_there_and_back_changes_nothing(id: str, other: dict[str, Any]) -> None:
    names = {id: f"{id}'"}
    back = {value: key for key, value in names.items()}
    for result in (
        {**other, "resultType": "task", "taskId": id},
        {**other, "task": {"taskId": id}},
    ):
        there = tasks.result_renamed("tools/call", raw(result), names.__getitem__)
        assert tasks.becomes_task(there) == names[id]
        assert json.loads(tasks.result_renamed("tools/call", there, back.__getitem__)) == result


def test_a_task_without_an_id_is_an_error() -> None:
    for result in ({"resultType": "task"}, {"resultType": "task", "taskId": 7}):
        with pytest.raises(ValueError, match="taskId"):
            renamed("tools/call", result)
        with pytest.raises(ValueError, match="taskId"):
            tasks.becomes_task(raw(result))
    assert tasks.becomes_task(raw({"content": []})) is None


@pytest.mark.parametrize("method", [tasks.STATUS, tasks.CHANGED])
def test_a_notification_about_a_task_is_renamed(method: str) -> None:
    message = jsonrpc.notification(method, raw({"taskId": "1", "status": "working"}))
    told = json.loads(tasks.message_renamed(message, lambda id: f"gw-{id}"))
    assert told["params"] == {"taskId": "gw-1", "status": "working"}


def test_a_notification_about_something_else_keeps_its_bytes() -> None:
    message = jsonrpc.notification("notifications/progress", b'{"progressToken": 1}')
    assert tasks.message_renamed(message, lambda id: id + "!") is message


def test_a_list_is_read_with_its_cursor_and_refused_when_it_is_none() -> None:
    page = {"tasks": [{"taskId": "1", "x": 1}, {"taskId": "2"}], "nextCursor": ""}
    items, cursor = tasks.listed(raw(page))
    assert ([id for id, _ in items], cursor) == (["1", "2"], "")
    assert json.loads(bytes(tasks.task_renamed(items[0][1], "gw"))) == {"taskId": "gw", "x": 1}
    assert tasks.listed(b"{}") == ([], None)
    with pytest.raises(ValueError, match="tasks"):
        tasks.listed(raw({"tasks": {}}))
    with pytest.raises(ValueError, match="taskId"):
        tasks.listed(raw({"tasks": [{}]}))


def test_a_question_that_belongs_to_a_task_is_renamed_in_its_params() -> None:
    params = {
        "message": msgspec.Raw(b'"x"'),
        "_meta": msgspec.Raw(raw({tasks.META_RELATED: {"taskId": "1"}})),
    }
    told = tasks.params_renamed(params, lambda id: f"gw-{id}")
    assert json.loads(bytes(told["_meta"])) == {tasks.META_RELATED: {"taskId": "gw-1"}}


def test_a_call_without_tasks_asks_for_none_and_declares_nothing_of_them() -> None:
    capabilities: dict[str, Any] = {"extensions": {tasks.EXTENSION: {}, "x/y": {}}, "sampling": {}}
    meta = {"io.modelcontextprotocol/clientCapabilities": capabilities, "progressToken": 1}
    params = {"name": "t", "task": {"ttl": 1}, "_meta": meta}
    given = msgspec.json.decode(raw(params), type=dict[str, msgspec.Raw])
    made = json.loads(jsonrpc.join_params(tasks.without_tasks(given)))
    left: dict[str, Any] = {"extensions": {"x/y": {}}, "sampling": {}}
    assert made == {"name": "t", "_meta": {**meta, next(iter(meta)): left}}


def test_a_call_that_knows_nothing_of_tasks_stays_as_it_is() -> None:
    given = msgspec.json.decode(b'{"name":"t","_meta":{"k":1}}', type=dict[str, msgspec.Raw])
    assert tasks.without_tasks(given) == given
