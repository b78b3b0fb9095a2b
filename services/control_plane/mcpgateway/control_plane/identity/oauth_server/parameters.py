"""Parameters of a query or a form, each at most once (RFC 6749 3.1) and within limits. Pure."""

from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl

from mcpgateway.control_plane.identity.oauth_server.errors import OAuthError, invalid_request

MAX_QUERY = 8 * 1024  # bytes of all parameters together
MAX_BODY = 16 * 1024
MAX_VALUE = 4096  # characters
MAX_PARAMETERS = 50

Pairs = tuple[tuple[str, str], ...]


def decode(encoded: bytes, limit: int = MAX_BODY, longest: int = MAX_VALUE) -> Pairs:
    """What application/x-www-form-urlencoded bytes say, in their order; at most `limit` bytes, and
    none of over `longest` characters. Raises OAuthError."""
    if len(encoded) > limit:
        raise invalid_request(f"the parameters are over {limit} bytes")
    try:
        pairs = parse_qsl(
            encoded.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_PARAMETERS,
        )
    except ValueError as error:
        raise invalid_request(
            f"the parameters must be URL-encoded UTF-8, at most {MAX_PARAMETERS}"
        ) from error
    for name, value in pairs:
        if len(name) > longest or len(value) > longest:
            raise invalid_request(f"{name[:40]} is over {longest} characters")
        if any(ord(character) < 32 for character in name + value):
            raise invalid_request(f"{name[:40]} must not hold control characters")
    return tuple(pairs)


def single(pairs: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Without empty ones, which say nothing. Raises OAuthError for one that is given twice."""
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            if name == "resource":
                raise OAuthError("invalid_target", "resource is given twice: ask for one at a time")
            raise invalid_request(f"{name[:40]} is given twice")
        found[name] = value
    return {name: value for name, value in found.items() if value}


def needed(parameters: Mapping[str, str], name: str) -> str:
    """Raises OAuthError."""
    if name not in parameters:
        raise invalid_request(f"{name} is missing")
    return parameters[name]
