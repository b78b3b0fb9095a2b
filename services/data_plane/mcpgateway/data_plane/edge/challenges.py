"""What a refused MCP client is told to do (RFC 6750, RFC 9728): get a token, another one, or one
with more scopes."""

from mcpgateway.common.errors import Denied, GatewayError, InvalidCall, Unauthenticated
from mcpgateway.common.policy.access.scope import Scope
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.data_plane.edge.protected_resources import SCOPES, metadata_url

Header = tuple[bytes, bytes]

# A method that needs a permission, and the least scope that has it. Lists show what there is left.
NEEDED = {
    "tools/call": ("tools.execute", "mcp:tools"),
    "resources/read": ("resources.read", "mcp:resources"),
    "resources/subscribe": ("resources.read", "mcp:resources"),
    "prompts/get": ("prompts.execute", "mcp:prompts"),
}


_OF_MCP = ("servers.use", "tools.read", "tools.execute", "resources.read", "prompts.read")


class InsufficientScope(Denied):
    """The caller might, but its token may not. `scopes`: all that are needed for what it asked."""

    code = "insufficient_scope"

    def __init__(self, message: str, scopes: tuple[str, ...]) -> None:
        super().__init__(message)
        self.scopes = scopes


class WrongRequest(InvalidCall):
    """Credentials came in a way in which they are never taken."""


def outside(scope: Scope) -> InsufficientScope | None:
    """Why a token that leaves this is for no MCP endpoint at all, or None."""
    if scope.permissions is None or any(scope.leaves(each) for each in _OF_MCP):
        return None
    return InsufficientScope("the token's scope leaves nothing of MCP: mcp would", SCOPES)


def lacking(scope: Scope, method: str) -> InsufficientScope | None:
    """Why a token that leaves this may not ask for the method at all, or None."""
    permission, wanted = NEEDED.get(method, ("", ""))
    if not permission or scope.leaves(permission):
        return None
    return InsufficientScope(f"the token's scope leaves no {permission}: {wanted} would", (wanted,))


def challenge(exchange: Exchange, error: GatewayError, base: str, *, offered: bool) -> Header:
    """The WWW-Authenticate line. `offered`: there were credentials."""
    said = ['realm="mcpgateway"']
    scopes: tuple[str, ...] = SCOPES
    match error:
        case InsufficientScope():
            scopes = error.scopes
            said.append('error="insufficient_scope"')
        case WrongRequest():
            said.append('error="invalid_request"')
        case Unauthenticated() if offered:
            said.append('error="invalid_token"')
        case _:
            pass
    if base:
        said.append(f'resource_metadata="{metadata_url(base, _quotable(exchange.path))}"')
    said.append(f'scope="{" ".join(scopes)}"')
    return b"www-authenticate", ("Bearer " + ", ".join(said)).encode()


def challenges(error: GatewayError) -> bool:
    """Whether it is one that a challenge goes with."""
    return isinstance(error, Unauthenticated | InsufficientScope | WrongRequest)


def _quotable(path: str) -> str:
    """A path that can not end the string that it stands in."""
    return path.replace("\\", "%5C").replace('"', "%22")
