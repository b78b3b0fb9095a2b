"""What the gateway's own authorization server keeps: frozen values, and the port to them. None of
it has a revision, but for the revocations of access tokens, which are the registry's.

Codes, refresh tokens, device codes and secrets of clients are only compared, so they are kept as
SHA-256 (hex).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple, Protocol

import msgspec

AuthMethod = Literal["none", "client_secret_basic", "client_secret_post", "private_key_jwt"]
HandleKind = Literal["code", "refresh"]


class ClientMetadata(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a client says of itself (RFC 7591 section 2), checked. `scope` None: it may ask for
    whatever there is."""

    client_name: str = ""
    redirect_uris: tuple[str, ...] = ()
    grant_types: tuple[str, ...] = ("authorization_code",)
    auth_method: AuthMethod = msgspec.field(
        default="client_secret_basic", name="token_endpoint_auth_method"
    )
    application_type: Literal["web", "native"] = "web"
    scope: str | None = None
    client_uri: str = ""
    jwks: dict[str, Any] | None = None
    jwks_uri: str = ""
    software_id: str = ""
    software_version: str = ""


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """`secret_sha256` is "" where there is no secret. `registered` is false for a client whose id
    is the URL of its document, and for the gateway's own."""

    id: str
    metadata: ClientMetadata
    secret_sha256: str = ""
    registered: bool = True
    registered_at: datetime | None = None


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """That somebody lets a client act for him: the family of all tokens that come of it.
    `resource` "": the gateway as a whole."""

    id: str
    client_id: str
    email: str
    scopes: tuple[str, ...]
    resource: str
    created_at: datetime


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """All that one client may do for one user. `resources` are those of its tokens, "" the gateway
    as a whole; `expires_at` is when the last of them could be refreshed no more, None when there
    are none. `remembered`: it gets new ones without the user being asked."""

    email: str
    client_id: str
    client_name: str
    scopes: tuple[str, ...]
    resources: tuple[str, ...]
    since: datetime
    expires_at: datetime | None
    remembered: bool


class Remembered(NamedTuple):
    """What a consent is about. `resource` "": the gateway as a whole, and so each of its
    endpoints."""

    client_id: str
    redirect_uri: str
    resource: str


class Handle(msgspec.Struct, frozen=True, kw_only=True):
    """An authorization code or a refresh token: good once, until `expires_at`. `redirect_uri` and
    `challenge` (PKCE, S256) are those of the request that a code answers."""

    sha256: str
    kind: HandleKind
    grant_id: str
    expires_at: datetime
    redirect_uri: str = ""
    challenge: str = ""
    spent_at: datetime | None = None


class Access(msgspec.Struct, frozen=True):
    """An access token that was issued, by its `jti`."""

    jti: str
    expires_at: datetime


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A device that waits for somebody to let it in (RFC 8628). `interval` in seconds."""

    sha256: str
    user_code: str
    client_id: str
    scopes: tuple[str, ...]
    resource: str
    expires_at: datetime
    interval: int
    polled_at: datetime | None = None
    grant_id: str | None = None
    denied: bool = False


class OAuthStore(Protocol):
    """Each method is one transaction. All raise Unavailable."""

    async def client(self, id: str) -> Client | None: ...

    async def add_client(self, client: Client) -> None: ...

    async def consented(self, email: str, subject: Remembered) -> tuple[str, ...]:
        """The scopes that he let this client have before; none when he was never asked."""

    async def remember(
        self, email: str, subject: Remembered, scopes: Sequence[str], at: datetime
    ) -> None: ...

    async def consents(
        self, email: str, at: datetime, limit: int, offset: int
    ) -> tuple[list[Consent], int]:
        """What a user lets clients do, the newest first, and how many there are in all."""

    async def clients_of(self, email: str) -> list[str]:
        """Clients that a user lets do anything, or did."""

    async def withdraw(self, email: str, client_id: str, at: datetime) -> list[Access]:
        """Forgets all that he lets the client do; answers its access tokens that count then."""

    async def start(self, grant: Grant, code: Handle) -> None: ...

    async def handle(self, sha256: str, kind: HandleKind) -> tuple[Handle, Grant] | None: ...

    async def redeem(
        self, handle: Handle, access: Access, refresh: Handle | None, at: datetime
    ) -> bool:
        """Spends the handle and keeps what was issued for it. False, and nothing happens, when it
        was spent already or its family is gone."""

    async def end(self, grant_id: str, at: datetime) -> list[Access]:
        """Forgets the family; answers its access tokens that count then."""

    async def grant_of(self, jti: str) -> Grant | None:
        """The family of an access token."""

    async def add_device(self, device: Device) -> None:
        """Raises Conflict when its user code is taken."""

    async def device(self, sha256: str) -> Device | None: ...

    async def waiting_device(self, user_code: str, at: datetime) -> Device | None:
        """One that nobody has decided upon by then."""

    async def poll(self, sha256: str, at: datetime, interval: int) -> None: ...

    async def allow_device(self, sha256: str, grant: Grant) -> bool:
        """False when it was decided upon already."""

    async def deny_device(self, sha256: str) -> bool: ...

    async def redeem_device(
        self, device: Device, access: Access, refresh: Handle | None
    ) -> Grant | None:
        """As `redeem`; a device code is forgotten once it was used."""

    async def grant(self, id: str) -> Grant | None: ...

    async def first_use(self, sha256: str, expires_at: datetime) -> bool:
        """Whether this assertion of a client (its `jti`) is seen for the first time."""

    async def sweep(self, now: datetime) -> None:
        """Forgets what has expired, and clients that were registered a day ago and never used."""
