"""What the upstream clients of all kinds use together."""

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from mcpgateway.common.mcp.questions import Question
from mcpgateway.common.runtime.http.client import HttpClient
from mcpgateway.data_plane.upstreams.errands import Errands
from mcpgateway.data_plane.upstreams.request import Answered as AnsweredBy
from mcpgateway.data_plane.upstreams.request import UpstreamRequest
from mcpgateway.data_plane.upstreams.sessions.shared_sessions import SharedSessions
from mcpgateway.data_plane.upstreams.targets import Targets

Announced = Callable[[str], None]
"""Told the id of an upstream that says, in what is read of it, that its lists changed. Called
within a call, so it must be quick."""


class Unsolicited(Protocol):
    """Reaches the clients that have (legacy) sessions."""

    def asked(self, session: str, questions: Mapping[str, Question], answered: AnsweredBy) -> None:
        """An upstream asks the client of this session. `answered` is called once, now or later;
        what the client did not declare is answered with an error."""

    def told(self, session: str, message: bytes) -> None:
        """A notification for the client of this session."""

    def told_of_task(self, session: str, upstream: str, message: bytes) -> None:
        """One about a task, under the id that the upstream gave it."""


class Hearing:
    """Who hears that, from the time on when somebody does."""

    def __init__(self) -> None:
        self.by: Unsolicited | None = None


class Shared(NamedTuple):
    """One of each for all clients. `patience`: seconds that clients have to reply to what an
    upstream asks. `sessions`: those that other replicas may go on with, None without others.
    `hearing`: who hears what upstreams say to a client outside of its calls; None: nobody.
    `newest`: the definition of a call's tool as it is now, which may be another than when the call
    was decided."""

    http: HttpClient
    targets: Targets
    errands: Errands
    announced: Announced
    patience: float = 300.0
    sessions: SharedSessions | None = None
    hearing: Hearing | None = None
    newest: Callable[[UpstreamRequest], bytes] = lambda request: request.definition
