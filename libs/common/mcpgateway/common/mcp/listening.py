"""What clients of either era listen to, and the messages that tell them. Pure."""

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.jsonrpc import encode
from mcpgateway.common.mcp import tasks
from mcpgateway.common.mcp.revisions import META_SUBSCRIPTION_ID

LISTEN = "subscriptions/listen"
ACKNOWLEDGED = "notifications/subscriptions/acknowledged"
UPDATED = "notifications/resources/updated"
MAX_URIS = 1_000
MAX_URI = 8_192  # characters
MAX_TASKS = 1_000

List = Literal["tools", "prompts", "resources"]
LISTS: tuple[List, ...] = ("tools", "prompts", "resources")


class Filter(NamedTuple):
    """What to tell: changes of these lists, of these resources, and of these tasks, by id."""

    lists: frozenset[List] = frozenset()
    uris: frozenset[str] = frozenset()
    tasks: frozenset[str] = frozenset()


class _Wanted(msgspec.Struct, rename="camel"):
    tools_list_changed: bool | None = None
    prompts_list_changed: bool | None = None
    resources_list_changed: bool | None = None
    resource_subscriptions: list[str] | None = None
    task_ids: list[str] | None = None


_wanted = msgspec.json.Decoder(_Wanted)


def read_filter(raw: bytes | msgspec.Raw | None) -> Filter:
    """`params.notifications` of `subscriptions/listen`; what nobody knows is not honoured. Raises
    ValueError that says what is wrong."""
    if raw is None:
        raise ValueError("must be an object that names what to listen to")
    try:
        wanted = _wanted.decode(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"is not understood: {error}") from error
    uris = frozenset(wanted.resource_subscriptions or ())
    if len(uris) > MAX_URIS:
        raise ValueError(f"may name {MAX_URIS} resources, got {len(uris)}")
    if any(len(uri) > MAX_URI for uri in uris):
        raise ValueError(f"names a URI of over {MAX_URI} characters")
    ids = frozenset(wanted.task_ids or ())
    if len(ids) > MAX_TASKS:
        raise ValueError(f"may name {MAX_TASKS} tasks, got {len(ids)}")
    flags = (
        wanted.tools_list_changed,
        wanted.prompts_list_changed,
        wanted.resources_list_changed,
    )
    lists = frozenset(name for name, flag in zip(LISTS, flags, strict=True) if flag)
    return Filter(lists, uris, ids)


def acknowledged(honoured: Filter, id: jsonrpc.Id) -> bytes:
    """The first message on a stream of 2026-07-28; `id` is that of the listen request."""
    told: dict[str, object] = {
        f"{name}ListChanged": True for name in LISTS if name in honoured.lists
    }
    if honoured.uris:
        told["resourceSubscriptions"] = sorted(honoured.uris)
    if honoured.tasks:
        told["taskIds"] = sorted(honoured.tasks)
    return _tagged(ACKNOWLEDGED, {"notifications": told}, id)


def list_changed(name: List, id: jsonrpc.Id | None = None) -> bytes:
    """`id` of the listen request; None for a legacy client."""
    return _tagged(f"notifications/{name}/list_changed", {}, id)


def updated(uri: str, id: jsonrpc.Id | None = None) -> bytes:
    """The same for one resource."""
    return _tagged(UPDATED, {"uri": uri}, id)


def task_changed(task: Mapping[str, object], id: jsonrpc.Id) -> bytes:
    """All of one task, as it is now."""
    return _tagged(tasks.CHANGED, dict(task), id)


def ended(id: jsonrpc.Id) -> bytes:
    """The response that ends a listen stream of 2026-07-28."""
    meta = {META_SUBSCRIPTION_ID: id}
    return jsonrpc.response(id, encode({"resultType": "complete", "_meta": meta}))


def listen_params(wanted: Filter) -> jsonrpc.Params:
    """The params, without `_meta`, by which a modern upstream is listened to."""
    told: dict[str, object] = {f"{name}ListChanged": True for name in sorted(wanted.lists)}
    if wanted.uris:
        told["resourceSubscriptions"] = sorted(wanted.uris)
    if wanted.tasks:
        told["taskIds"] = sorted(wanted.tasks)
    return {"notifications": msgspec.Raw(encode(told))}


def union(filters: Iterable[Filter]) -> Filter:
    """What all of them want together."""
    whole = Filter()
    for each in filters:
        whole = Filter(whole.lists | each.lists, whole.uris | each.uris, whole.tasks | each.tasks)
    return whole


def _tagged(method: str, params: dict[str, object], id: jsonrpc.Id | None) -> bytes:
    if id is not None:
        params = {**params, "_meta": {META_SUBSCRIPTION_ID: id}}
    return jsonrpc.notification(method, encode(params)) if params else jsonrpc.notification(method)
