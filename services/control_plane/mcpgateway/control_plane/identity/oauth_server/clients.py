"""The clients of the authorization server: the command line, those that registered, and those that
publish a document."""

import hmac
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from mcpgateway.common import ids, seal
from mcpgateway.control_plane.identity.oauth_server import client_auth, client_metadata
from mcpgateway.control_plane.identity.oauth_server.client_auth import Shown
from mcpgateway.control_plane.identity.oauth_server.client_documents import (
    ClientDocuments,
    is_document,
)
from mcpgateway.control_plane.identity.oauth_server.errors import OAuthError, invalid_client
from mcpgateway.control_plane.identity.oauth_server.pace import Pace
from mcpgateway.control_plane.registry.people.oauth_server import Client, ClientMetadata, OAuthStore

COMMAND_LINE = Client(
    id="mcpgateway-cli",
    metadata=ClientMetadata(
        client_name="MCP Gateway command line",
        redirect_uris=("http://127.0.0.1/callback",),
        grant_types=client_metadata.GRANTS,
        auth_method="none",
        application_type="native",
        scope="mcp a2a offline_access",
    ),
    registered=False,
)


@dataclass(frozen=True, slots=True)
class Registration:
    """Who may register: anybody, whoever shows `token`, or nobody. `schemes` as of `redirects`."""

    open: bool = True
    token: str = ""
    schemes: tuple[str, ...] = ()

    @property
    def offered(self) -> bool:
        return self.open or bool(self.token)


class Clients:
    """`documents` None: the URL of a document is no client's id here."""

    def __init__(
        self,
        store: OAuthStore,
        documents: ClientDocuments | None,
        registration: Registration,
        clock: Callable[[], datetime],
        entropy: Callable[[int], bytes],
    ) -> None:
        self._store = store
        self._documents = documents
        self.registration = registration
        self._clock = clock
        self._entropy = entropy
        hour = timedelta(hours=1)
        self._by_address = Pace(100, hour, "clients were registered from this address")
        self._of_all = Pace(1000, hour, "clients were registered")

    @property
    def by_document(self) -> bool:
        return self._documents is not None

    async def find(self, client_id: str) -> Client:
        """Raises OAuthError (invalid_client)."""
        if client_id == COMMAND_LINE.id:
            return COMMAND_LINE
        if self._documents is not None and is_document(client_id):
            return await self._documents.client(client_id)
        found = await self._store.client(client_id) if ids.is_id(client_id) else None
        if found is None:
            raise invalid_client("there is no client with this client_id: register again")
        return found

    async def authenticate(self, shown: Shown, audiences: Collection[str]) -> Client:
        """`audiences`: what an assertion may be for. Raises OAuthError."""
        client = await self.find(shown.client_id)
        method = client.metadata.auth_method
        if method == "private_key_jwt":
            await self._check_assertion(client, shown.assertion, frozenset(audiences))
        elif shown.assertion:
            raise invalid_client(f"this client is registered for {method}, not for an assertion")
        elif method == "none" and shown.secret:
            raise invalid_client("this client has no secret to show", challenge=shown.basic)
        elif method != "none" and not _knows(shown.secret, client):
            raise invalid_client("the secret of the client is wrong", challenge=shown.basic)
        return client

    async def _check_assertion(
        self, client: Client, assertion: str, audiences: frozenset[str]
    ) -> None:
        if not assertion:
            raise invalid_client("this client must show a client_assertion (private_key_jwt)")
        metadata = client.metadata
        jwks = metadata.jwks
        if jwks is None:
            if self._documents is None:
                raise invalid_client("jwks_uri is not fetched here: register with jwks")
            jwks = await self._documents.json(metadata.jwks_uri)
        keys = client_metadata.key_set(jwks)
        now = self._clock().timestamp()
        found = client_auth.check_assertion(assertion, client.id, keys, audiences, now)
        once = client_auth.digest(f"{client.id} {found.jti}")
        if not await self._store.first_use(once, datetime.fromtimestamp(found.expires, UTC)):
            raise invalid_client("client_assertion was used before")

    def check_may_register(self, authorization: str) -> None:
        """Raises OAuthError."""
        if not self.registration.offered:
            raise OAuthError("access_denied", "clients can not register themselves here", 403)
        if self.registration.open:
            return
        shown = authorization.removeprefix("Bearer ").strip().encode()
        if not hmac.compare_digest(shown, self.registration.token.encode()):
            raise OAuthError("invalid_token", "registering needs the bearer token for it", 401)

    async def register(self, said: Mapping[str, Any], address: str) -> tuple[Client, str]:
        """The client and its secret, which is "" for a public one. Raises OAuthError and
        LimitExceeded."""
        now = self._clock()
        metadata = client_metadata.read(said, self.registration.schemes)
        self._by_address.note(address, now)
        self._of_all.note("", now)
        await self._store.sweep(now)
        secret = ""
        if metadata.auth_method.startswith("client_secret"):
            secret = seal.to_text(self._entropy(32))
        client = Client(
            id=ids.make_id(self._entropy(16)),
            metadata=metadata,
            secret_sha256=client_auth.digest(secret) if secret else "",
            registered_at=now,
        )
        await self._store.add_client(client)
        return client, secret


def _knows(secret: str, client: Client) -> bool:
    return bool(secret) and client_auth.proves(secret, client.secret_sha256)
