"""What hands tunnels through to runners."""

import asyncio
import time
from collections.abc import Callable

from mcpgateway.common import keys
from mcpgateway.common.policy.addresses import AddressPolicy
from mcpgateway.common.runtime.http.dial import Dialer
from mcpgateway.common.runtime.http.tls import profile
from mcpgateway.data_plane.edge.callers import Callers, CheckPlace
from mcpgateway.data_plane.edge.tunnels import Tunnels, Way
from mcpgateway.data_plane.pipeline.admitting.authenticate import Authenticator
from mcpgateway.data_plane.settings import Settings
from mcpgateway.data_plane.table.holder import TableHolder
from mcpgateway.data_plane.wiring.calls import make_authenticator, make_seen

_ANYWHERE = AddressPolicy(loopback=True)


def make_tunnels(
    settings: Settings,
    tables: TableHolder,
    place: CheckPlace,
    announced: Callable[[str], None],
) -> Tunnels:
    """Needs the running loop. Where runners are the control plane says, whom the table's signature
    names; no user chose it, so any address will do."""
    loop = asyncio.get_running_loop()
    tls = profile(verify=not settings.skip_tls_verify)
    seen = make_seen(settings)
    authenticator: Authenticator = make_authenticator(settings)
    way = Way(
        Dialer(lambda _: _ANYWHERE, tls, loop),
        keys.tunnel_secrets(settings.edge_secrets)[0],
        time.time,
        seen.source,
        announced,
    )
    tunnels = Tunnels(Callers(tables, authenticator, seen, place), authenticator, way)
    tables.on_change(tunnels.table_changed)
    return tunnels
