"""`tasks/list` of 2025-11-25: the tasks that a caller made here through the gateway, the newest
first, whoever keeps them. An upstream that lists the tasks of all who come with the gateway's
credentials is not asked for its list, but for the state of the caller's own."""

import asyncio
from itertools import count

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError, Unavailable
from mcpgateway.common.mcp import task_state, tasks
from mcpgateway.common.mcp.envelope import read_string
from mcpgateway.common.mcp.handles import HandleError
from mcpgateway.data_plane.parked.bucket import Away
from mcpgateway.data_plane.parked.task_index import Entry
from mcpgateway.data_plane.pipeline.aims import Aimed
from mcpgateway.data_plane.pipeline.answer import invalid_param
from mcpgateway.data_plane.pipeline.call import Call, Result
from mcpgateway.data_plane.pipeline.handles import Handles
from mcpgateway.data_plane.pipeline.remote import Remote
from mcpgateway.data_plane.pipeline.tasks.conductor import Conductor
from mcpgateway.data_plane.pipeline.tasks.errand import Errand
from mcpgateway.data_plane.pipeline.tasks.keeper import Keeper, is_offered
from mcpgateway.data_plane.pipeline.tasks.names import TaskName
from mcpgateway.data_plane.pipeline.tasks.passing import find_keeper

PAGE = 20  # tasks; what is over or lost leaves a page shorter
CURSOR_SECONDS = 3600.0
_LISTED = "tasks"

_Shown = msgspec.Raw | None


class TaskListing:
    """Each list is a task of the loop; the states on one page are asked for all at once."""

    def __init__(
        self, keeper: Keeper, handles: Handles, remote: Remote, conductor: Conductor
    ) -> None:
        self._keeper = keeper
        self._handles = handles
        self._remote = remote
        self._conductor = conductor
        self._numbers = count(1)

    def answer(self, call: Call) -> str:
        """How the call ended, or ends."""
        try:
            place = self._place(call)
        except HandleError as error:
            call.form.refuse(call, invalid_param("cursor", f"is not to be used: {error}"))
            return "refused"
        self._keeper.spawn(self._list(call, place))
        return "ok"

    def _place(self, call: Call) -> int:
        cursor = call.params.get("cursor")
        if cursor is None or bytes(cursor) == b"null":
            return 0
        text = read_string(cursor) or ""
        listed, _, place = self._handles.open("cursor", *_whose(call), text).key.partition(" ")
        if listed != _LISTED:
            raise HandleError("it is of another list")
        return int(place)

    async def _list(self, call: Call, place: int) -> None:
        try:
            # Strangers are one caller: none is shown what another one made.
            entries = await self._keeper.index.read(*_whose(call)) if call.caller.key else []
        except Away as error:
            call.form.failed(call, Unavailable(f"tasks can not be listed now: {error}"))
            return
        page = entries[place : place + PAGE]
        shown = await asyncio.gather(*(self._shown(call, each) for each in page))
        body: dict[str, object] = {"tasks": [each for each in shown if each is not None]}
        if place + PAGE < len(entries):
            following = f"{_LISTED} {place + PAGE}"
            body["nextCursor"] = self._handles.make(
                "cursor", *_whose(call), following, CURSOR_SECONDS
            )
        call.form.result(call, Result(jsonrpc.encode(body)))

    async def _shown(self, call: Call, entry: Entry) -> _Shown:
        """None for a task that is no more, or can not be asked for now."""
        name = TaskName(entry.upstream, entry.id)
        text = self._keeper.names.seal(*_whose(call), name)
        if entry.upstream == "":
            return await self._kept(call, entry.id, text)
        task = await self._asked(call, name)
        return None if task is None else tasks.task_renamed(task, text)

    async def _kept(self, call: Call, key: str, text: str) -> _Shown:
        running = self._keeper.find(key)
        if running is not None:
            record, state = running.record, running.state
        else:
            try:
                kept = await self._keeper.journal.read(key)
                if kept is None or self._keeper.now() >= kept.record.state.expires:
                    return None
                record = kept.record
                state = await self._keeper.journal.whole(key, record)
            except Away:
                return None
        if not is_offered(call, record):
            return None
        return msgspec.Raw(task_state.shown("legacy", text, state, self._keeper.terms.poll))

    async def _asked(self, call: Call, name: TaskName) -> _Shown:
        upstream = find_keeper(call, name)
        if upstream is None:
            return None
        id = msgspec.Raw(jsonrpc.encode(name.id))
        made = msgspec.structs.replace(
            call,
            id=f"mcpgateway-list-{next(self._numbers)}",
            method=tasks.GET,
            params={tasks.TASK_ID: id},
            meta=None,
        )
        try:
            request = self._remote.request(made, upstream, Aimed(upstream.id, {}))
        except GatewayError:
            return None
        found: asyncio.Future[_Shown] = asyncio.get_running_loop().create_future()

        def answered(frame: jsonrpc.Frame) -> None:
            if not found.done():
                result = frame.result
                found.set_result(None if isinstance(result, msgspec.UnsetType) else result.copy())

        def failed(_error: GatewayError) -> None:
            if not found.done():
                found.set_result(None)

        self._conductor.send(msgspec.structs.replace(request, reads=True), Errand(answered, failed))
        return await found


def _whose(call: Call) -> tuple[str, str]:
    return call.view.server_id, call.caller.key
