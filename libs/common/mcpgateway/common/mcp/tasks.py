"""Tasks: calls whose results are fetched later, as both protocols have them. Pure.

2026-07-28 knows them as the extension `io.modelcontextprotocol/tasks` (`tasks/get`, `update`,
`cancel`, results of type `task`), 2025-11-25 as a part of its core (`params.task`, `tasks/get`,
`result`, `list`, `cancel`). Here are their words, and the renaming of tasks in messages that are
otherwise passed on as they came. What a task holds is `task_state`'s business.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.jsonrpc import Params, join_params
from mcpgateway.common.mcp.envelope import read_meta, read_string
from mcpgateway.common.mcp.revisions import META_CLIENT_CAPABILITIES, PREFIX, Era

EXTENSION = PREFIX + "tasks"
META_RELATED = PREFIX + "related-task"
REQUIRED: dict[str, Any] = {"requiredCapabilities": {"extensions": {EXTENSION: {}}}}

CALL = "tools/call"
GET = "tasks/get"
UPDATE = "tasks/update"
CANCEL = "tasks/cancel"
RESULT = "tasks/result"
LIST = "tasks/list"
CHANGED = "notifications/tasks"
STATUS = "notifications/tasks/status"
TASK = "task"  # the member that asks for a task and holds one (2025-11-25), and a resultType
TASK_ID = "taskId"

LEGACY_CAPABILITY: dict[str, Any] = {"list": {}, "cancel": {}, "requests": {"tools": {"call": {}}}}

Rename = Callable[[str], str]
"""From a task's id on one side to that on the other. Raises ValueError when there is none."""

_object = msgspec.json.Decoder(Params)
_array = msgspec.json.Decoder(list[msgspec.Raw])


def declared(capabilities: bytes | msgspec.Raw | None) -> bool:
    """Whether a client or a server of 2026-07-28 names the extension among its capabilities."""
    if capabilities is None or EXTENSION.encode() not in bytes(capabilities):
        return False
    extensions = _member(_members(capabilities), "extensions")
    return EXTENSION in extensions


def offered(capabilities: bytes, era: Era) -> bool:
    """Whether an upstream of an era makes tasks of tool calls."""
    if era == "modern":
        return declared(capabilities)
    if b"tasks" not in capabilities:
        return False  # most; asked of each call
    return "call" in _member(_member(_legacy(capabilities), "requests"), "tools")


def lists(capabilities: bytes) -> bool:
    """Whether a legacy upstream lists tasks."""
    return "list" in _legacy(capabilities)


def result_renamed(method: str, result: bytes | msgspec.Raw, rename: Rename) -> bytes:
    """The result of a call, or of a method of tasks, with the tasks that it names renamed.
    Raises ValueError for what names a task and is malformed."""
    members = _members(result)
    if _renamed_members(method, members, rename):
        return join_params(members)
    return bytes(result)


def params_renamed(params: Params, rename: Rename) -> Params:
    """Of a notification or a question: the task that it is about, or that it is related to."""
    members = dict(params)
    if TASK_ID in members:
        _rename(members, rename)
    _rename_related(members, rename)
    return members


def message_renamed(message: bytes, rename: Rename) -> bytes:
    """A notification as `params_renamed`; one that names no task is given back as it is."""
    if b"task" not in message:
        return message
    frame = jsonrpc.decode_frame(message)
    if isinstance(frame.params, msgspec.UnsetType) or not isinstance(frame.method, str):
        return message
    params = params_renamed(frame.params, rename)
    return jsonrpc.notification(frame.method, join_params(params))


def status_id(message: bytes) -> str | None:
    """The task whose status a notification tells, "" where it does not say which; None for one
    that tells no such thing."""
    frame = jsonrpc.decode_frame(message)
    if frame.method not in (STATUS, CHANGED):
        return None
    params = {} if isinstance(frame.params, msgspec.UnsetType) else frame.params
    return read_string(params.get(TASK_ID)) or ""


def unrelated(message: bytes) -> bytes:
    """A notification without what it is related to."""
    frame = jsonrpc.decode_frame(message)
    params = {} if isinstance(frame.params, msgspec.UnsetType) else dict(frame.params)
    params.pop("_meta", None)
    return jsonrpc.notification(str(frame.method), join_params(params))


def becomes_task(result: bytes | msgspec.Raw) -> str | None:
    """The id of the task that the result of a call of either era stands for; None for any other
    result. Raises ValueError for a task without an id."""
    members = _members(result)
    if read_string(members.get("resultType")) != TASK:
        members = _member(members, TASK)
        if not members:
            return None
    return _id_in(members)


def without_tasks(params: Params) -> Params:
    """The params of a call that asks for no task, and whose client takes none."""
    kept = {key: raw for key, raw in params.items() if key != TASK}
    meta = read_meta(kept)
    if meta is None or not declared(meta.get(META_CLIENT_CAPABILITIES)):
        return kept
    capabilities = _members(meta[META_CLIENT_CAPABILITIES])
    extensions = _members(capabilities["extensions"])
    del extensions[EXTENSION]
    capabilities["extensions"] = msgspec.Raw(join_params(extensions))
    meta = {**meta, META_CLIENT_CAPABILITIES: msgspec.Raw(join_params(capabilities))}
    return {**kept, "_meta": msgspec.Raw(join_params(meta))}


def listed(result: bytes | msgspec.Raw) -> tuple[list[tuple[str, msgspec.Raw]], str | None]:
    """The tasks of one page of `tasks/list`, by id, and the cursor of the next one. Raises
    ValueError."""
    members = _members(result)
    try:
        items = _array.decode(members.get("tasks", b"[]"))
    except msgspec.DecodeError as error:
        raise ValueError(f"tasks is no list: {error}") from error
    return [(_id_in(_members(each)), each) for each in items], read_string(
        members.get("nextCursor")
    )


def task_renamed(task: msgspec.Raw, id: str) -> msgspec.Raw:
    """One item of a list under another id."""
    return msgspec.Raw(join_params({**_members(task), TASK_ID: _text(id)}))


def _renamed_members(method: str, members: Params, rename: Rename) -> bool:
    """Whether anything was there to rename."""
    changed = _rename_related(members, rename)
    if method == CALL:
        if read_string(members.get("resultType")) == TASK:
            _rename(members, rename)
            return True
        task = _member(members, TASK)
        if TASK_ID in task:
            _rename(task, rename)
            members[TASK] = msgspec.Raw(join_params(task))
            return True
        return changed
    if method in (GET, UPDATE, CANCEL) and TASK_ID in members:
        _rename(members, rename)
        return True
    return changed


def _rename(members: Params, rename: Rename) -> None:
    members[TASK_ID] = _text(rename(_id_in(members)))


def _rename_related(members: Params, rename: Rename) -> bool:
    meta = read_meta(members)
    if meta is None or META_RELATED not in meta:
        return False
    related = _member(meta, META_RELATED)
    _rename(related, rename)
    members["_meta"] = msgspec.Raw(
        join_params({**meta, META_RELATED: msgspec.Raw(join_params(related))})
    )
    return True


def _id_in(members: Params) -> str:
    id = read_string(members.get(TASK_ID))
    if not id:
        raise ValueError("a task has no taskId")
    return id


def _text(id: str) -> msgspec.Raw:
    return msgspec.Raw(jsonrpc.encode(id))


def _legacy(capabilities: bytes) -> Params:
    return _member(_members(capabilities), "tasks")


def _member(members: Params, name: str) -> Params:
    raw = members.get(name)
    return {} if raw is None else _members(raw)


def _members(raw: bytes | msgspec.Raw) -> Params:
    try:
        return _object.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return {}
