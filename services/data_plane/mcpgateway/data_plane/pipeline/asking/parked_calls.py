"""Parked calls of this replica: found again by the `requestState` that their clients bring back."""

import asyncio
from collections.abc import Callable
from functools import partial
from hashlib import blake2b
from itertools import count

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp.envelope import Problem, read_string
from mcpgateway.common.mcp.handles import HandleError
from mcpgateway.common.mcp.questions import replies
from mcpgateway.common.mcp.revisions import META_CLIENT_CAPABILITIES
from mcpgateway.data_plane.parked.owners import Owners
from mcpgateway.data_plane.pipeline import answer
from mcpgateway.data_plane.pipeline.answer import invalid_param
from mcpgateway.data_plane.pipeline.asking.rounds import Round, Rounds
from mcpgateway.data_plane.pipeline.call import Call, Caller, OnDone
from mcpgateway.data_plane.pipeline.handles import Handles
from mcpgateway.data_plane.pipeline.shares import Shares

# Parked calls. For one more of a caller that has its share (`shares`) its own longest parked is
# given up; without one, or at the limit, the longest parked of all.
LIMIT = 10_000
_OF_ROUNDS = frozenset({"inputResponses", "requestState", "_meta"})
_STATE = "requestState"


class ParkedCalls:
    """`patience`: seconds that a parked call waits for its client."""

    def __init__(self, handles: Handles, owners: Owners, patience: float) -> None:
        self._handles = handles
        self._owners = owners
        self._patience = patience
        self._keys = count(1)
        self._parked: dict[str, _Parked] = {}
        self._shares = Shares[str](LIMIT)

    def __len__(self) -> int:
        return len(self._parked)

    def sink(self, call: Call, on_done: OnDone | None = None) -> Rounds:
        """The sink of a call that may be answered in rounds. It holds no call and no table."""
        meta = call.meta or {}
        capabilities = bytes(meta.get(META_CLIENT_CAPABILITIES, b"{}"))
        park = partial(self._park, call.view.server_id, call.caller, _digest(call))
        return Rounds(_round(call), capabilities, park, on_done)

    def retried(self, call: Call) -> bool:
        """Goes on with the parked call that the client's `requestState` names, here or at its
        owner; false when the client brings back none of ours."""
        state = read_string(call.params.get(_STATE))
        if state is None:
            return False
        try:
            server, caller = call.view.server_id, call.caller.key
            handle = self._handles.open("park", server, caller, state)
        except HandleError as error:
            call.form.refuse(call, invalid_param(_STATE, f"is not to be used: {error}"))
            return True
        if handle.owner == self._handles.replica:
            self._resume(call, handle.key)
        else:
            refuse = partial(answer.refuse, call.exchange, call.era, call.id, _LOST)
            self._owners.hand_over(call.exchange, handle.owner, refuse)
        return True

    def close(self) -> None:
        for key in list(self._parked):
            self._give_up(key)

    def cut(self, passes: Callable[[Caller, str], bool]) -> None:
        """Gives up those of whom it does not pass any more."""
        for key, parked in list(self._parked.items()):
            if not passes(parked.caller, parked.server):
                self._give_up(key)

    def _park(self, server: str, caller: Caller, digest: bytes, rounds: Rounds) -> str:
        if self._shares.refuses(caller.key):
            self._give_up(self._shares.oldest(caller.key) or next(iter(self._parked)))
        key = str(next(self._keys))
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self._patience, self._give_up, key)
        self._parked[key] = _Parked(rounds, digest, timer, caller, server)
        self._shares.take(caller.key, key)
        return self._handles.make("park", server, caller.key, key, self._patience)

    def _give_up(self, key: str) -> None:
        self._take(key).rounds.abandon()

    def _take(self, key: str) -> "_Parked":
        parked = self._parked.pop(key)
        parked.timer.cancel()
        self._shares.give_back(parked.caller.key, key)
        return parked

    def _resume(self, call: Call, key: str) -> None:
        parked = self._parked.get(key)
        if parked is None:
            call.form.refuse(call, _LOST)
            return
        if parked.digest != _digest(call):
            problem = invalid_param(_STATE, "belongs to another request")
            call.form.refuse(call, problem)
            return
        found = replies(call.params.get("inputResponses"))
        if isinstance(found, str):
            call.form.refuse(call, invalid_param("inputResponses", found))
            return
        self._take(key).rounds.resume(_round(call), found)


class _Parked(msgspec.Struct, frozen=True):
    rounds: Rounds
    digest: bytes
    timer: asyncio.TimerHandle
    caller: Caller
    server: str


_LOST = Problem(
    jsonrpc.OUTCOME_UNKNOWN,
    "the call that this requestState belongs to was answered, given up, or lost with its replica",
    502,
    {"outcome": "unknown"},
)


def _round(call: Call) -> Round:
    token = None if call.meta is None else call.meta.get("progressToken")
    return Round(call.exchange, call.id, None if token is None else bytes(token))


def _digest(call: Call) -> bytes:
    """Of what a client must repeat: method and params, but for what changes from round to round.
    Spelled otherwise is the same."""
    digest = blake2b(call.method.encode(), digest_size=16)
    for key in sorted(call.params.keys() - _OF_ROUNDS):
        digest.update(b"\n%b=%b" % (key.encode(), _respelled(call.params[key])))
    return digest.digest()


def _respelled(raw: msgspec.Raw) -> bytes:
    try:
        return msgspec.json.encode(msgspec.json.decode(raw), order="deterministic")
    except (msgspec.DecodeError, RecursionError):
        return bytes(raw)
