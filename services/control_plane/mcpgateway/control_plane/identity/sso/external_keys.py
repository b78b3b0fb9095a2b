"""Which keys verify access tokens that providers issued (SSO_API_TOKEN_AUTH_ENABLED): as signing
keys of the registry, so that data planes have them and ask nobody.

A token's user must be there: users are made by logging in, not by a token.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import msgspec

from mcpgateway.common.errors import GatewayError
from mcpgateway.common.subjects import KEYS_HINT
from mcpgateway.control_plane.identity import signing_keys
from mcpgateway.control_plane.identity.sso import metadata
from mcpgateway.control_plane.identity.sso.id_token import public_keys
from mcpgateway.control_plane.identity.sso.outside import PAUSE, Outside
from mcpgateway.control_plane.identity.sso.presets import subject_claims
from mcpgateway.control_plane.identity.sso.providers import Providers
from mcpgateway.control_plane.registry.model import SigningKey, Who
from mcpgateway.control_plane.registry.people.sso import Provider
from mcpgateway.control_plane.registry.ports import Ports

log = logging.getLogger(__name__)

PREFIX = signing_keys.EXTERNAL
SYSTEM = Who(by="system", via="sso")
RETRY = 60.0  # seconds to the next look after one that failed


def rows(provider: Provider, issuer: str, key_set: Mapping[str, Any]) -> list[SigningKey]:
    """Of one provider. A key that names no algorithm counts with the usual one of its type: the
    token does not choose. Keys without an id can not be told apart and do not count. Pure."""
    found = {
        f"{PREFIX}{provider.id}:{key.kid}": SigningKey(
            id=f"{PREFIX}{provider.id}:{key.kid}",
            algorithm=key.algorithms[0],
            material=msgspec.json.encode(dict(key.jwk), order="sorted"),
            sealed=False,
            issuer=issuer,
            audience=provider.token_audience,
            require_jti=False,
            require_exp=True,
            environment="",
            subject_claims=subject_claims(provider),
            kid=key.kid,
        )
        for key in public_keys(key_set)
        if key.kid
    }
    return list(found.values())


def changes(
    stored: Sequence[SigningKey], wanted: Mapping[str, Sequence[SigningKey]], trusted: set[str]
) -> tuple[list[SigningKey], list[str]]:
    """What to save and which ids to remove. `wanted` by provider, of those that answered: a key
    that left its provider's set goes, one of a provider that does not answer stays, and one of a
    provider that is not trusted any more goes. Pure."""
    held = {
        key.id: msgspec.structs.replace(key, revision=0)
        for key in stored
        if signing_keys.is_external(key.id)
    }
    target = {key.id: key for keys in wanted.values() for key in keys}
    save = [key for id, key in target.items() if held.get(id) != key]
    gone = [
        id
        for id in held
        if id not in target and (provider_of(id) in wanted or provider_of(id) not in trusted)
    ]
    return save, gone


def provider_of(id: str) -> str:
    return id.removeprefix(PREFIX).partition(":")[0]


class ExternalKeys:
    """Run by the leader alone."""

    def __init__(
        self, ports: Ports, providers: Providers, outside: Outside, pause: float = PAUSE
    ) -> None:
        """`pause`: seconds at least between two looks."""
        self._ports = ports
        self._providers = providers
        self._outside = outside
        self._pause_seconds = pause
        self._asked = asyncio.Event()

    async def sift(self, hints: AsyncIterator[str]) -> AsyncIterator[str]:
        """The hints that are not ours. One that is: somebody saw a key that he does not know, so
        that keys are looked at soon."""
        async for hint in hints:
            if hint == KEYS_HINT:
                self._asked.set()
            else:
                yield hint

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                wait = await self.sync()
            except GatewayError as error:
                log.warning("the keys of identity providers could not be renewed: %s", error)
                wait = RETRY
            await self._pause(wait)

    async def _pause(self, seconds: float) -> None:
        """Ends sooner when asked to, but not before a document may be fetched again."""
        self._asked.clear()
        first = min(seconds, self._pause_seconds)
        await asyncio.sleep(first)
        try:
            async with asyncio.timeout(seconds - first):
                await self._asked.wait()
        except TimeoutError:
            return

    async def sync(self) -> float:
        """Brings the registry's keys in line with the providers'; answers after how many seconds to
        look again. Raises Unavailable."""
        trusted = [each.provider for each in await self._providers.enabled()]
        trusted = [each for each in trusted if each.token_audience and each.is_oidc]
        wanted: dict[str, list[SigningKey]] = {}
        until: list[float] = []
        for provider in trusted:
            try:
                endpoints = metadata.endpoints(provider, await self._document(provider))
                document = await self._outside.newer(endpoints.jwks)
            except GatewayError as error:
                log.warning("provider %s: its keys stay as they are: %s", provider.id, error)
                continue
            wanted[provider.id] = rows(provider, endpoints.token_issuer, document.content)
            until.append(document.expires)
        await self._write(wanted, {each.id for each in trusted})
        now = self._ports.clock().timestamp()
        return max(RETRY, min(until, default=now + RETRY) - now)

    async def _document(self, provider: Provider) -> Mapping[str, Any]:
        """Also where all that a login needs is known: AD FS says there who issues access tokens."""
        if provider.preset != "adfs" and not metadata.needs_document(provider):
            return {}
        return (await self._outside.document(metadata.document_url(provider))).content

    async def _write(self, wanted: Mapping[str, Sequence[SigningKey]], trusted: set[str]) -> None:
        save, gone = changes(await self._ports.store.read.signing_keys(), wanted, trusted)
        if not save and not gone:
            return
        async with self._ports.store.write(SYSTEM) as tx:
            await tx.signing_keys.remove(gone)
            await tx.signing_keys.save(save)
        log.info("keys of identity providers: %d new or changed, %d gone", len(save), len(gone))
