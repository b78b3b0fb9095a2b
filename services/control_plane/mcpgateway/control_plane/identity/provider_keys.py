"""The keys of identity providers, as the registry has them, to verify their access tokens with."""

import logging

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry

from mcpgateway.common.jws import ALGORITHMS
from mcpgateway.common.tokens import TokenRules, Trusted, VerifyKey
from mcpgateway.control_plane.identity.signing_keys import is_external
from mcpgateway.control_plane.registry.model import SigningKey
from mcpgateway.control_plane.registry.ports import Reader

log = logging.getLogger(__name__)


class ProviderKeys:
    """Reads them when they are asked for, and opens those that are others than before."""

    def __init__(self, read: Reader) -> None:
        self._read = read
        self._known: dict[str, tuple[SigningKey, Trusted | None]] = {}

    async def current(self) -> list[Trusted]:
        """Raises Unavailable."""
        rows = [row for row in await self._read.signing_keys() if is_external(row.id)]
        before = self._known
        self._known = {
            row.id: known
            if (known := before.get(row.id)) is not None and known[0] == row
            else (row, _opened(row))
            for row in rows
        }
        return [trusted for _, trusted in self._known.values() if trusted is not None]


def _opened(row: SigningKey) -> Trusted | None:
    """None for a key that can not be used; it is named in the log."""
    try:
        key = JWKRegistry.import_key(msgspec.json.decode(row.material))
    except (JoseError, ValueError, TypeError) as error:
        log.warning("signing key %s is left out: %s", row.id, error)
        return None
    if row.sealed or row.algorithm not in ALGORITHMS or row.algorithm.startswith("HS"):
        log.warning("signing key %s is left out: it is no public key", row.id)
        return None
    rules = TokenRules(
        issuer=row.issuer,
        audience=row.audience,
        require_jti=row.require_jti,
        require_exp=row.require_exp,
        environment=row.environment,
        subject_claims=row.subject_claims,
    )
    return Trusted(VerifyKey(row.id, row.algorithm, key, row.kid), rules)
