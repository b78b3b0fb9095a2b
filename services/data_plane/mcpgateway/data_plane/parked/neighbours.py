"""All that a replica shares with the others of its group, made over one connection."""

import asyncio
from dataclasses import dataclass

from nats.aio.client import Client

from mcpgateway.common.keys import DataPlaneKeys
from mcpgateway.common.runtime.nats import Shared
from mcpgateway.common.subjects import Subjects
from mcpgateway.data_plane.parked.bucket import Bucket
from mcpgateway.data_plane.parked.handing import Handing, Source
from mcpgateway.data_plane.parked.nats_post import NatsPost
from mcpgateway.data_plane.parked.seals import Seals
from mcpgateway.data_plane.parked.session_state import SessionStates
from mcpgateway.data_plane.parked.task_journal import TaskJournal
from mcpgateway.data_plane.parked.token_bucket import TokenBucket
from mcpgateway.data_plane.parked.upstream_sessions import UpstreamSessions


@dataclass(frozen=True)
class Neighbours:
    """Make it with `of`, before the connection runs."""

    owners: Handing
    states: SessionStates
    upstream_sessions: UpstreamSessions
    tasks: TaskJournal
    post: NatsPost
    tokens: TokenBucket

    @staticmethod
    def of(
        nats: Shared, subjects: Subjects, keys: DataPlaneKeys, own: str, source: Source
    ) -> "Neighbours":
        """`own` is this replica's id."""
        owners = Handing(own, Seals(keys, own, source.entropy), source)
        post = NatsPost(nats, subjects, own, owners)
        owners.connect(post)

        def bucket(name: str) -> Bucket:
            return Bucket(nats, name, keys.sessions, source.entropy)

        states = SessionStates(bucket(subjects.sessions), owners, source.clock, post.flush)

        async def connected(_client: Client) -> None:
            states.connected()

        nats.use(connected)
        nats.on_reconnect(states.connected)
        upstream_sessions = UpstreamSessions(bucket(subjects.upstream_sessions), owners)
        tasks = TaskJournal(bucket(subjects.tasks))
        tokens = TokenBucket(nats, subjects, keys.wire, source.entropy)
        return Neighbours(owners, states, upstream_sessions, tasks, post, tokens)

    async def aclose(self) -> None:
        """Breaks off what is under way and tells the others, while there is a connection."""
        self.owners.close()
        await asyncio.gather(self.states.aclose(), self.upstream_sessions.aclose())
        await self.post.flush()
