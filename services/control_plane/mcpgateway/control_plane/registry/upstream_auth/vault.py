"""Tokens that users store themselves for an upstream, once."""

import msgspec

from mcpgateway.common.errors import FieldProblem, InvalidCall
from mcpgateway.control_plane.registry.model import Upstream
from mcpgateway.control_plane.registry.ports import Ports
from mcpgateway.control_plane.registry.upstream_auth import tokens as kept
from mcpgateway.control_plane.registry.upstream_auth.ports import TokenPorts, TokenRow

MAX = 16 * 1024  # characters


def header_of(upstream: Upstream) -> str:
    """Which header line such a token is sent in. Raises InvalidCall for a gateway of another
    kind."""
    auth = upstream.auth
    if auth is None or auth.type != "vault":
        raise InvalidCall(
            f"gateway {upstream.name!r} takes no tokens of its users: its auth_type is not vault"
        )
    return auth.headers[0]


async def store(
    ports: Ports, tokens: TokenPorts, upstream: Upstream, principal: str, token: str
) -> None:
    """From now on his calls go out with it. Raises InvalidCall, without the token."""
    name = header_of(upstream)
    if (
        not (0 < len(token) <= MAX and token.isascii() and token.isprintable())
        or token != token.strip()
    ):
        problem = f"must be 1 to {MAX} printable ASCII characters on one line"
        raise InvalidCall(f"token {problem}", errors=[FieldProblem("token", problem, "header")])
    value = f"Bearer {token}" if name.lower() == "authorization" and " " not in token else token
    plain = msgspec.json.encode(((name, value),))
    row = TokenRow(
        upstream_id=upstream.id,
        principal=principal,
        kind="vault",
        sealed=kept.sealed_row(ports, upstream.id, principal, plain),
    )
    await kept.keep(ports, tokens, row)
