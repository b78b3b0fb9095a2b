"""What the use cases of tokens need of the outside. Implemented by `discovery.oauth`,
`store.upstream_tokens` and `publish.token_bucket`."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple, Protocol

import msgspec

from mcpgateway.common.routing.upstream_tokens import UpstreamToken
from mcpgateway.control_plane.registry.model import Upstream, Who
from mcpgateway.control_plane.registry.upstream_auth.oauth_config import Client

NONE: Mapping[str, str] = MappingProxyType({})


class Answered(NamedTuple):
    """What a server said. `challenges` are its WWW-Authenticate lines."""

    status: int
    body: bytes
    challenges: tuple[str, ...] = ()


class OAuthNetwork(Protocol):
    """Requests to authorization servers. No redirect is followed; addresses are judged. Raises
    UpstreamError."""

    async def post_form(self, url: str, params: Mapping[str, str], client: Client) -> Answered:
        """With the client's authentication."""

    async def post(self, url: str, body: bytes, headers: Mapping[str, str] = NONE) -> Answered:
        """JSON."""

    async def get(self, url: str, accept: str = "application/json") -> Answered: ...


class TokenRow(msgspec.Struct, frozen=True, kw_only=True):
    """A token that is kept. `principal` "" for one that all callers share; `sealed` is JSON of an
    `oauth.Token` or, of `vault`, of header lines. `stamp` grows with each change."""

    upstream_id: str
    principal: str
    kind: str  # shared, oauth, vault, exchange
    sealed: bytes
    expires_at: datetime | None = None
    renew_at: datetime | None = None
    attempts: int = 0
    problem: str = ""
    stamp: int = 1
    put: bool = False
    gone: bool = False


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """One that was begun. `state` and `browser` are SHA-256 of what only the browser has."""

    state: str
    upstream_id: str
    principal: str
    browser: str
    sealed: bytes
    expires_at: datetime


class ClientRow(msgspec.Struct, frozen=True, kw_only=True):
    """As what the gateway is registered for an upstream. `sealed` holds the client's secret."""

    id: str
    upstream_id: str
    issuer: str
    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    auth_method: str
    sealed: bytes
    created_at: datetime
    expires_at: datetime | None = None


class TokenStore(Protocol):
    """Rows without a revision."""

    async def token(self, upstream_id: str, principal: str) -> TokenRow | None: ...

    async def tokens_of(self, principal: str) -> list[TokenRow]: ...

    async def save_token(self, row: TokenRow) -> TokenRow:
        """Inserts or replaces; the stamp is the store's."""

    async def replace_token(self, row: TokenRow) -> TokenRow | None:
        """As `save_token`, if the stamp is still the row's; None when it is not."""

    async def drop_token(self, upstream_id: str, principal: str) -> bool:
        """It is gone, and data planes are to be told. Whether there was one."""

    async def due(self, now: datetime, limit: int) -> list[TokenRow]:
        """Those that should be renewed by now."""

    async def to_put(self, limit: int) -> list[TokenRow]:
        """Those that data planes do not find as they are, `gone` ones too."""

    async def was_put(self, row: TokenRow) -> None:
        """Unless it was changed since. One that is gone is forgotten."""

    async def put_all_again(self) -> None: ...

    async def drop_orphans(self) -> None:
        """Of users who are gone or inactive, and of upstreams that are gone, which are no row of
        the registry any more."""

    async def shared_without_token(self) -> list[str]:
        """Ids of enabled upstreams whose one token for all is not there."""

    async def begin(self, consent: Consent) -> None: ...

    async def take(self, state: str, now: datetime) -> Consent | None:
        """Each is taken once."""

    async def clients(self, upstream_ids: Sequence[str] | None) -> list[ClientRow]: ...

    async def save_client(self, row: ClientRow) -> None: ...

    async def remove_client(self, id: str) -> bool: ...

    async def passthrough(self) -> tuple[str, ...] | None:
        """The global allow-list that the API set; None when it did not."""

    async def set_passthrough(
        self, names: Sequence[str] | None, who: Who, at: datetime
    ) -> int | None:
        """At once a new revision of each upstream that names nothing itself, whose record looks
        different to data planes now. None: there is none."""


class TokenBucket(Protocol):
    """Where data planes find tokens."""

    async def put(self, key: str, token: UpstreamToken | None) -> bool:
        """And tells them. False: NATS is away."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the settings say of it. `public_url` "" where requests say it."""

    public_url: str = ""
    consent_seconds: float = 600.0
    discovery: bool = True
    registers: bool = True
    automatic: bool = True
    issuers: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    auth_method: str = "client_secret_basic"
    client_name: str = "MCP Gateway ({gateway_name})"
    query_auth: bool = False
    query_hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TokenPorts:
    """All that tokens need beside `registry.ports.Ports`."""

    network: OAuthNetwork
    store: TokenStore
    bucket: TokenBucket
    rules: Rules = Rules()


UpstreamOf = Callable[[str], Awaitable[Upstream]]
"""By id. Raises NotFound."""
