"""`Conversations` as a replica has them, for tests of what is built around them."""

import itertools
import os
import time
from collections.abc import Callable

from mcpgateway.common.runtime.bounded import Bounded
from mcpgateway.common.runtime.rendering.renderer import Renderer
from mcpgateway.common.seal import Sealer
from mcpgateway.data_plane.parked.bucket import OwnStore
from mcpgateway.data_plane.parked.owners import Alone, Owners
from mcpgateway.data_plane.parked.session_state import SessionStates
from mcpgateway.data_plane.parked.task_journal import TaskJournal
from mcpgateway.data_plane.pipeline.asking.legacy import LegacyAskers
from mcpgateway.data_plane.pipeline.asking.parked_calls import ParkedCalls
from mcpgateway.data_plane.pipeline.conversations import Conversations
from mcpgateway.data_plane.pipeline.handles import Handles
from mcpgateway.data_plane.pipeline.handling.gates import Gates
from mcpgateway.data_plane.pipeline.handling.handled_call import Tools
from mcpgateway.data_plane.pipeline.listening.listening import Listening
from mcpgateway.data_plane.pipeline.listening.register import Register, Trusts
from mcpgateway.data_plane.pipeline.listening.updates import NoUpdates, Updates
from mcpgateway.data_plane.pipeline.searching.catalogues import Catalogues
from mcpgateway.data_plane.pipeline.streams.heartbeat import Heartbeat
from mcpgateway.data_plane.pipeline.streams.registry import Streams
from mcpgateway.data_plane.pipeline.tasks.keeper import Keeper, Terms
from mcpgateway.data_plane.pipeline.tasks.names import TaskNames
from support.buckets import AwayStore

NOW = 1_800_000_000


def handles(owners: Owners, now: Callable[[], float] = lambda: NOW) -> Handles:
    numbers = itertools.count(1)
    sealer = Sealer((b"k" * 32,))
    return Handles(
        sealer,
        ("local", "default"),
        owners.replica,
        now,
        lambda size: next(numbers).to_bytes(size, "big"),
    )


def conversations(
    owners: Owners | None = None,
    now: Callable[[], float] = lambda: NOW,
    patience: float = 60.0,
    states: SessionStates | None = None,
    updates: Updates | None = None,
    kept: tuple[TaskJournal, Terms] | None = None,
    trusts: Trusts = lambda _table, _caller: True,
) -> Conversations:
    owners = owners or Alone("replica-1")
    made = handles(owners, now)
    heartbeat = Heartbeat(0)
    states = states or SessionStates(AwayStore(), owners, time.monotonic)
    askers = LegacyAskers(made, owners, patience)
    journal, terms = kept or (TaskJournal(OwnStore()), Terms(after=0))
    return Conversations(
        made,
        owners,
        states,
        askers,
        ParkedCalls(made, owners, patience),
        Streams(made, owners, now, heartbeat),
        heartbeat,
        Listening(Register(now, trusts), updates or NoUpdates(), states, owners, askers, heartbeat),
        Keeper(journal, TaskNames(made), terms, made, os.urandom),
        Renderer(),
        Tools(Gates(), Bounded(), lambda _by: None),
        Catalogues(),
    )
