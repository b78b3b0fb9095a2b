"""Asks legacy clients: each question is a JSON-RPC request on the open stream of the call.

The id of the request is a handle, so that the reply, which may come in anywhere, finds back.
"""

from collections.abc import Callable, Mapping
from functools import partial

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp.handles import Handle, HandleError
from mcpgateway.common.mcp.questions import covered
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.data_plane.parked.owners import Owners
from mcpgateway.data_plane.pipeline import answer
from mcpgateway.data_plane.pipeline.asking.askable import Askable, Client
from mcpgateway.data_plane.pipeline.asking.batch import Batch
from mcpgateway.data_plane.pipeline.asking.waiting import Waiting
from mcpgateway.data_plane.pipeline.handles import Handles
from mcpgateway.data_plane.pipeline.questions import decline
from mcpgateway.data_plane.upstreams.inquiry import Inquiry
from mcpgateway.data_plane.upstreams.request import Answered, Question, Reply

Send = Callable[[bytes], None]
"""Puts one message on the stream to the client."""


class Asking:
    """The questions of one call. `close` when it is over; those that can be withdrawn stay until
    they are. `client` is who is asked."""

    __slots__ = ("_handles", "_keys", "_patience", "_waiting", "client")

    def __init__(self, waiting: Waiting, handles: Handles, patience: float, client: Client) -> None:
        self._waiting = waiting
        self._handles = handles
        self._patience = patience
        self.client = client
        self._keys: set[str] = set()

    def ask(self, questions: Mapping[str, Question], answered: Answered, send: Send) -> None:
        """What the client did not declare is declined without asking it."""
        batch = Batch(len(questions), answered)
        for name, question in questions.items():
            asked = self._ask(question, partial(batch.put, name), send)
            if asked is None:
                continue
            if isinstance(answered, Inquiry):
                answered.on_withdrawn(partial(self._withdraw, *asked, send))
            else:
                self._keys.add(asked[0])

    def close(self) -> None:
        for key in self._keys:
            self._waiting.drop(key)
        self._keys.clear()

    def _ask(
        self, question: Question, taken: Callable[[Reply], None], send: Send
    ) -> tuple[str, str] | None:
        """Its key and its id; None when it was not asked."""
        client = self.client
        key = None
        if covered(client.capabilities, "legacy", question.method, question.params):
            key = self._waiting.put(client.caller, taken)
        if key is None:
            taken(decline(question))
            return None
        id = self._handles.make("question", client.server, client.caller, key, self._patience)
        send(jsonrpc.request(id, question.method, question.params))
        return key, id

    def _withdraw(self, key: str, id: str, send: Send) -> None:
        """The client is told, and its reply dropped."""
        if self._waiting.drop(key):
            send(jsonrpc.notification("notifications/cancelled", _cancelled(id)))


class LegacyAskers:
    """Makes the asking of calls, and takes replies that come in. `patience`: seconds for which a
    reply is taken."""

    def __init__(self, handles: Handles, owners: Owners, patience: float) -> None:
        self._waiting = Waiting()
        self._handles = handles
        self._owners = owners
        self._patience = patience
        self.askable = Askable(lambda: handles.now)

    def asking(self, server: str, caller: str, capabilities: bytes) -> Asking:
        client = Client(server, caller, capabilities)
        return Asking(self._waiting, self._handles, self._patience, client)

    def replied(self, exchange: Exchange, server: str, caller: str, frame: jsonrpc.Frame) -> None:
        """A client POSTed a response: 202, whoever waits for it, wherever. What nobody waits for
        any more is taken and dropped."""
        handle = self._handle(server, caller, frame)
        if handle is not None and handle.owner != self._handles.replica:
            self._owners.hand_over(exchange, handle.owner, lambda: answer.accept(exchange))
            return
        answer.accept(exchange)
        if handle is not None:
            self._waiting.take(handle.key, reply_of(frame))

    def owner(self, server: str, caller: str, frame: jsonrpc.Frame) -> str:
        """The replica that waits for a response, "" for none."""
        handle = self._handle(server, caller, frame)
        return "" if handle is None else handle.owner

    def heard(self, server: str, caller: str, frame: jsonrpc.Frame) -> None:
        """A response came; whom another replica would have to hand it to does not hear it."""
        handle = self._handle(server, caller, frame)
        if handle is not None and handle.owner == self._handles.replica:
            self._waiting.take(handle.key, reply_of(frame))

    def _handle(self, server: str, caller: str, frame: jsonrpc.Frame) -> Handle | None:
        try:
            return self._handles.open("question", server, caller, str(frame.id))
        except HandleError:
            return None


def _cancelled(id: str) -> bytes:
    return jsonrpc.encode({"requestId": id, "reason": "the question was withdrawn"})


def reply_of(frame: jsonrpc.Frame) -> Reply:
    """A client's response as a reply."""
    if not isinstance(frame.error, msgspec.UnsetType):
        return Reply(error=bytes(frame.error))
    return Reply(
        result=b"null" if isinstance(frame.result, msgspec.UnsetType) else bytes(frame.result)
    )
