"""Keeps the registry's signing keys, from which data planes verify tokens, as the settings say."""

import logging

import msgspec

from mcpgateway.common import seal
from mcpgateway.common.routing.sealing import store_context
from mcpgateway.control_plane.identity import tokens
from mcpgateway.control_plane.registry.model import SigningKey, Who
from mcpgateway.control_plane.registry.ports import Ports
from mcpgateway.control_plane.settings.process import Settings

log = logging.getLogger(__name__)

SHARED, BASIC = "shared", "basic"
EXTERNAL = "sso:"


def wanted(settings: Settings) -> list[SigningKey]:
    """With plain material."""
    own = {
        id: msgspec.json.encode(key.as_dict(private=False))
        for id, key in tokens.own_public_keys(settings).items()
    }
    found = [
        *(_key(settings, id, tokens.ED25519, jwk, sealed=False) for id, jwk in own.items()),
        _shared(settings),
    ]
    if settings.basic_allowed:
        pair = f"{settings.basic_user}:{settings.basic_password}".encode()
        basic = _key(settings, BASIC, "Basic", pair)
        found.append(msgspec.structs.replace(basic, subject=settings.admin_email.lower()))
    return found


def _shared(settings: Settings) -> SigningKey:
    """A secret is sealed, a public key is not."""
    key, secret = tokens.shared_key(settings), settings.jwt_algorithm.startswith("HS")
    material = settings.jwt_secret.encode()
    if not secret:
        material = msgspec.json.encode(key.as_dict(private=False), order="deterministic")
    made = _key(settings, SHARED, settings.jwt_algorithm, material, sealed=secret)
    rules = tokens.shared_rules(settings)
    return msgspec.structs.replace(made, issuer=rules.issuer, audience=rules.audience)


def _key(
    settings: Settings, id: str, algorithm: str, material: bytes, *, sealed: bool = True
) -> SigningKey:
    rules = tokens.rules(settings)
    return SigningKey(
        id=id,
        algorithm=algorithm,
        material=material,
        sealed=sealed,
        issuer=rules.issuer,
        audience=rules.audience,
        require_jti=rules.require_jti,
        require_exp=rules.require_exp,
        environment=rules.environment,
    )


async def sync(ports: Ports, settings: Settings, who: Who) -> bool:
    """Writes only what differs; answers whether anything did."""
    target = {key.id: key for key in wanted(settings)}
    stored = {key.id: _opened(ports, key) for key in await ports.store.read.signing_keys()}
    changed = [key for id, key in target.items() if stored.get(id) != key]
    kept = settings.sso_enabled and settings.sso_tokens  # by `identity.sso.external_keys`
    gone = [id for id in stored if id not in target and not (kept and is_external(id))]
    if not changed and not gone:
        return False
    async with ports.store.write(who) as tx:
        await tx.signing_keys.remove(gone)
        await tx.signing_keys.save([_sealed(ports, key) for key in changed])
    return True


def is_external(id: str) -> bool:
    """Whether a key is of an identity provider."""
    return id.startswith(EXTERNAL)


def _opened(ports: Ports, key: SigningKey) -> SigningKey | None:
    """As `wanted` shows it; None when it was sealed under another secret."""
    material = key.material
    if key.sealed:
        try:
            material = ports.sealer.open(material, store_context("signing_key", key.id))
        except seal.SealError:
            log.warning(
                "signing key %s does not open: AUTH_ENCRYPTION_SECRET is another one than before; "
                "credentials of gateways will have to be given again",
                key.id,
            )
            return None
    return msgspec.structs.replace(key, revision=0, material=material)


def _sealed(ports: Ports, key: SigningKey) -> SigningKey:
    if not key.sealed:
        return key
    context = store_context("signing_key", key.id)
    nonce = ports.entropy(seal.NONCE_SIZE)
    material = ports.sealer.seal(key.material, context, nonce)
    return msgspec.structs.replace(key, material=material)
