"""Credentials of upstreams, tools and agents, sealed as the store keeps them: header lines, and
private keys."""

from collections.abc import Iterable, Mapping

import msgspec

from mcpgateway.common import seal
from mcpgateway.common.errors import Unavailable
from mcpgateway.common.routing.sealing import store_context
from mcpgateway.control_plane.registry.discovered.ports import Target
from mcpgateway.control_plane.registry.model import (
    Credential,
    Upstream,
    environment_id,
    key_id,
    oauth_id,
)
from mcpgateway.control_plane.registry.ports import Ports
from mcpgateway.control_plane.registry.upstream_auth import looking, tokens

Headers = tuple[tuple[str, str], ...]


def header_lines(ports: Ports, upstream_id: str, headers: Headers) -> Credential:
    sealed = _sealed(ports, upstream_id, msgspec.json.encode(headers))
    return Credential(id=upstream_id, upstream_id=upstream_id, sealed=sealed)


def private_key(ports: Ports, upstream_id: str, pem: str) -> Credential:
    id = key_id(upstream_id)
    return Credential(id=id, upstream_id=upstream_id, sealed=_sealed(ports, id, pem.encode()))


def environment(ports: Ports, upstream_id: str, variables: Headers) -> Credential:
    id = environment_id(upstream_id)
    sealed = _sealed(ports, id, msgspec.json.encode(variables))
    return Credential(id=id, upstream_id=upstream_id, sealed=sealed)


def of_tool(ports: Ports, tool_id: str, headers: Headers) -> Credential:
    sealed = _sealed(ports, tool_id, msgspec.json.encode(headers))
    return Credential(id=tool_id, tool_id=tool_id, sealed=sealed)


def of_agent(ports: Ports, agent_id: str, headers: Headers) -> Credential:
    sealed = _sealed(ports, agent_id, msgspec.json.encode(headers))
    return Credential(id=agent_id, agent_id=agent_id, sealed=sealed)


def ids_of(upstream_id: str) -> list[str]:
    """Of all credentials that an upstream may have."""
    return [
        upstream_id,
        key_id(upstream_id),
        oauth_id(upstream_id),
        environment_id(upstream_id),
    ]


def secured(upstream: Upstream) -> bool:
    """Whether it may have a credential."""
    command = upstream.transport == "STDIO"
    return command or upstream.auth is not None or upstream.client_cert is not None


async def target(ports: Ports, upstream: Upstream, principal: str = "") -> Target:
    """How to look at a registered upstream; with the token of `principal` where each caller has his
    own. Raises Unavailable when a credential of it does not open any more, and what getting a token
    does."""
    found = await stored_target(ports, upstream)
    if upstream.auth is None or upstream.auth.stored:
        return looking.pointed(found)
    headers = await looking.lines(ports, upstream, principal)
    return msgspec.structs.replace(found, headers=headers or ())


async def stored_target(ports: Ports, upstream: Upstream) -> Target:
    """With the credentials and the document that are kept for it, as they are kept."""
    stored = await ports.store.read.credentials([upstream.id]) if secured(upstream) else []
    document = await ports.store.read.document(upstream.document)
    found = target_with(ports, upstream, by_id(stored))
    return msgspec.structs.replace(found, document=document)


def by_id(stored: Iterable[Credential]) -> dict[str, Credential]:
    return {each.id: each for each in stored}


def target_with(ports: Ports, upstream: Upstream, stored: Mapping[str, Credential]) -> Target:
    """The same with its credentials, which may be among those of others. Raises Unavailable."""
    lines, key = stored.get(upstream.id), stored.get(key_id(upstream.id))
    return Target(
        upstream.url,
        upstream.transport,
        msgspec.json.decode(_opened(ports, lines), type=Headers) if lines else (),
        upstream.ca_certificate or "",
        upstream.client_cert or "",
        _opened(ports, key).decode() if key else "",
        upstream.transport_options,
        id=upstream.id,
        environment=opened_lines(ports, stored.get(environment_id(upstream.id))),
    )


def _sealed(ports: Ports, id: str, plain: bytes) -> bytes:
    context = store_context("credential", id)
    return ports.sealer.seal(plain, context, ports.entropy(seal.NONCE_SIZE))


def opened_lines(ports: Ports, stored: Credential | None) -> Headers:
    """Empty for none. Raises Unavailable."""
    return msgspec.json.decode(_opened(ports, stored), type=Headers) if stored else ()


def opened_key(ports: Ports, stored: Credential | None) -> str:
    """Empty for none. Raises Unavailable."""
    return _opened(ports, stored).decode() if stored else ""


def opened_oauth(ports: Ports, stored: Credential | None) -> dict[str, str]:
    """The secrets of an OAuth client by name; empty for none. Raises Unavailable."""
    return tokens.opened_secrets(ports, [stored] if stored else [])


def _opened(ports: Ports, stored: Credential) -> bytes:
    try:
        return ports.sealer.open(stored.sealed, store_context("credential", stored.id))
    except seal.SealError as error:
        raise Unavailable(
            f"a credential of gateway {stored.upstream_id} does not open: was "
            "AUTH_ENCRYPTION_SECRET changed? Give the gateway its credentials again"
        ) from error
