"""The authorization server as one value, and what it asks of its neighbours."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from typing_extensions import override

from mcpgateway.control_plane.identity.oauth_server.clients import Clients
from mcpgateway.control_plane.identity.oauth_server.devices import Devices
from mcpgateway.control_plane.identity.oauth_server.granting import Granting
from mcpgateway.control_plane.identity.oauth_server.service_tokens import ServiceTokens
from mcpgateway.control_plane.identity.oauth_server.tickets import Tickets
from mcpgateway.control_plane.identity.oauth_server.token_endpoint import TokenEndpoint
from mcpgateway.control_plane.registry.people.oauth_server import OAuthStore


class Provider(NamedTuple):
    """A way to log in that is another's: shown by `name`, begun at `path` (with `next` added)."""

    name: str
    path: str


class SignIn(Protocol):
    """Single sign-on, as far as our login page shows it."""

    async def providers(self) -> Sequence[Provider]: ...


class NoProviders(SignIn):
    """Logging in by password is all that there is."""

    @override
    async def providers(self) -> Sequence[Provider]:
        return ()


@dataclass(frozen=True, slots=True)
class OAuthServer:
    """`whose` answers the email of whoever has this session in his browser, None for nobody.
    `public_url` "": what the request was sent to."""

    store: OAuthStore
    clients: Clients
    granting: Granting
    devices: Devices
    tokens: TokenEndpoint
    service_tokens: ServiceTokens
    tickets: Tickets
    sign_in: SignIn
    whose: Callable[[str], Awaitable[str | None]]
    jwks: Sequence[dict[str, object]]
    clock: Callable[[], datetime]
    entropy: Callable[[int], bytes]
    public_url: str = ""
