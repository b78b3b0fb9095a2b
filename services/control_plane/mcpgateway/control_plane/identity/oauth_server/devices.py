"""Devices without a browser of their own (RFC 8628): they show a short code, which somebody types
in on the device page of the gateway."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from mcpgateway.common import seal
from mcpgateway.common.errors import Conflict
from mcpgateway.control_plane.identity.oauth_server import authorization, client_metadata, resources
from mcpgateway.control_plane.identity.oauth_server.client_auth import digest
from mcpgateway.control_plane.identity.oauth_server.errors import OAuthError, invalid_grant
from mcpgateway.control_plane.identity.oauth_server.granting import Granting
from mcpgateway.control_plane.registry.people.oauth_server import Client, Device, Grant, OAuthStore

LIFE = timedelta(minutes=10)
INTERVAL = 5  # seconds between two questions of a device
_SLOWER = 5  # seconds more for one that asks too often
_TRIES = 5  # for a user code that nobody has
# Consonants alone: no word comes of them, and none is taken for a digit (RFC 8628 6.1).
ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
_LETTERS = 8


class Started(NamedTuple):
    """What a device is told. `user_code` as it is shown, `expires_in` in seconds."""

    device_code: str
    user_code: str
    expires_in: int
    interval: int


class Devices:
    def __init__(
        self,
        store: OAuthStore,
        granting: Granting,
        clock: Callable[[], datetime],
        entropy: Callable[[int], bytes],
    ) -> None:
        self._store = store
        self._granting = granting
        self._clock = clock
        self._entropy = entropy

    async def start(self, client: Client, parameters: Mapping[str, str], base: str) -> Started:
        """Raises OAuthError."""
        if client_metadata.DEVICE not in client.metadata.grant_types:
            raise OAuthError("unauthorized_client", "the client is not registered for devices")
        now = self._clock()
        await self._store.sweep(now)
        code = seal.to_text(self._entropy(32))
        device = Device(
            sha256=digest(code),
            user_code="",
            client_id=client.id,
            scopes=authorization.scopes_of(parameters, client),
            resource=resources.checked(parameters.get("resource", ""), base),
            expires_at=now + LIFE,
            interval=INTERVAL,
        )
        user_code = await self._with_user_code(device)
        return Started(code, shown(user_code), int(LIFE.total_seconds()), INTERVAL)

    async def _with_user_code(self, device: Device) -> str:
        for _ in range(_TRIES - 1):
            text = user_code(self._entropy(_LETTERS))
            try:
                await self._add(device, text)
            except Conflict:
                continue
            return text
        text = user_code(self._entropy(_LETTERS))
        await self._add(device, text)
        return text

    async def _add(self, device: Device, text: str) -> None:
        await self._store.add_device(
            Device(
                sha256=device.sha256,
                user_code=text,
                client_id=device.client_id,
                scopes=device.scopes,
                resource=device.resource,
                expires_at=device.expires_at,
                interval=device.interval,
            )
        )

    async def poll(self, client: Client, code: str) -> tuple[Device, Grant]:
        """What a device gets that asks whether it was let in. Raises OAuthError: while it was not,
        authorization_pending or slow_down."""
        device = await self._store.device(digest(code))
        if device is None or device.client_id != client.id:
            raise invalid_grant("the device_code is none that was given to this client")
        now = self._clock()
        if device.expires_at <= now:
            raise OAuthError("expired_token", "the device_code has expired: begin again")
        if device.denied:
            raise OAuthError("access_denied", "the user said no")
        grant = None if device.grant_id is None else await self._store.grant(device.grant_id)
        if grant is not None:
            return device, grant
        due = device.polled_at
        early = due is not None and now < due + timedelta(seconds=device.interval)
        interval = min(60, device.interval + (_SLOWER if early else 0))
        await self._store.poll(device.sha256, now, interval)
        if early:
            raise OAuthError("slow_down", f"ask again in {interval} s, not sooner")
        raise OAuthError("authorization_pending", "the user has not decided yet")

    async def waiting(self, text: str) -> Device | None:
        """The device of a code that somebody typed in, however he wrote it."""
        plain = "".join(letter for letter in text.upper() if letter.isalnum())[:40]
        if len(plain) != _LETTERS or not set(plain) <= set(ALPHABET):
            return None
        return await self._store.waiting_device(plain, self._clock())

    async def allow(self, device: Device, email: str) -> bool:
        """False when it was decided upon meanwhile."""
        grant = self._granting.new_grant(device.client_id, email, device.scopes, device.resource)
        return await self._store.allow_device(device.sha256, grant)

    async def deny(self, device: Device) -> bool:
        return await self._store.deny_device(device.sha256)


def user_code(entropy: bytes) -> str:
    """Of 20 letters; a byte a letter, whose unevenness costs less than a bit of 34."""
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in entropy)


def shown(code: str) -> str:
    """In two halves, to be read out."""
    half = len(code) // 2
    return f"{code[:half]}-{code[half:]}"
