"""`tools/list` of a server in search mode."""

from mcpgateway.common.routing.search_tools import LIST, TASK_LIST
from mcpgateway.common.routing.view_lists import ListName
from mcpgateway.data_plane.pipeline.call import Call
from mcpgateway.data_plane.pipeline.searching.catalogues import Catalogues


def listed(catalogues: Catalogues, call: Call, name: ListName) -> bytes:
    """A JSON array. Whoever lists will search, so the index is begun. `name`: of the list that such
    a client is shown elsewhere."""
    catalogues.of(call.view.server_id, call.table)
    return TASK_LIST if name == "task_tools" else LIST
