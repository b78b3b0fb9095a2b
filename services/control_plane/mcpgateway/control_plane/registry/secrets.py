"""Upstream credentials: header lines, sealed as the store keeps them."""

import msgspec

from mcpgateway.common import seal
from mcpgateway.common.errors import Unavailable
from mcpgateway.common.routing.sealing import store_context
from mcpgateway.control_plane.registry.model import Credential, Upstream
from mcpgateway.control_plane.registry.ports import Ports, Target

Headers = tuple[tuple[str, str], ...]


def credential(ports: Ports, upstream_id: str, headers: Headers) -> Credential:
    plain = msgspec.json.encode(headers)
    context = store_context("credential", upstream_id)
    sealed = ports.sealer.seal(plain, context, ports.entropy(seal.NONCE_SIZE))
    return Credential(id=upstream_id, sealed=sealed)


async def target(ports: Ports, upstream: Upstream) -> Target:
    """How to look at a registered upstream. Raises Unavailable when its credential does not
    open any more."""
    stored = await ports.store.read.credentials([upstream.id]) if upstream.auth else []
    headers = opened(ports, stored[0]) if stored else ()
    return Target(upstream.url, upstream.transport, headers)


def opened(ports: Ports, stored: Credential) -> Headers:
    """Raises Unavailable."""
    try:
        plain = ports.sealer.open(stored.sealed, store_context("credential", stored.id))
    except seal.SealError as error:
        raise Unavailable(
            f"the credential of gateway {stored.id} does not open: was AUTH_ENCRYPTION_SECRET "
            "changed? Give the gateway its credential again"
        ) from error
    return msgspec.json.decode(plain, type=Headers)
