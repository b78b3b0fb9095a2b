"""The rooms of tasks, joined to those of calls."""

from typing import NamedTuple

from mcpgateway.data_plane.pipeline.counted import Calls
from mcpgateway.data_plane.pipeline.tasks.conductor import Conductor
from mcpgateway.data_plane.pipeline.tasks.keeper import Keeper
from mcpgateway.data_plane.pipeline.tasks.offering import TaskOffering
from mcpgateway.data_plane.pipeline.tasks.passing import Passing
from mcpgateway.data_plane.upstreams.request import Upstreams


class TaskRooms(NamedTuple):
    """Of one replica; `methods` are made of these when calls can be sent."""

    keeper: Keeper
    offering: TaskOffering
    conductor: Conductor

    @staticmethod
    def of(keeper: Keeper, upstreams: Upstreams, calls: Calls) -> "TaskRooms":
        conductor = Conductor(upstreams, calls, Passing(keeper.names, keeper), keeper)
        return TaskRooms(keeper, TaskOffering(kept=keeper.terms.keeps), conductor)
