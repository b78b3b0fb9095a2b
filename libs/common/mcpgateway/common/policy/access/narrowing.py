"""From what a token says of itself to the scope that it leaves of its principal's rights. Pure.

Nothing a token says adds a right: each claim here takes away, or says nothing. A claim that can
not be understood might have taken something away, so the token is refused.
"""

from collections.abc import Mapping
from ipaddress import ip_network
from typing import Any

from mcpgateway.common import ids
from mcpgateway.common.errors import Unauthenticated
from mcpgateway.common.policy.access import oauth_scopes
from mcpgateway.common.policy.access.scope import Scope

MAX_NAMES = 1000  # teams, permissions or networks of one token
ALL = "*"
MADE_FROM = "api_token"  # a claim

Permissions = tuple[str, ...] | None


def scope_of(claims: Mapping[str, Any]) -> Scope:
    """Reads `teams` (absent and null: all of the principal's, empty: none but what is public),
    `scopes` as ContextForge writes it, and `scope` of OAuth. Raises Unauthenticated, which names
    the claim that says nothing sensible."""
    scopes = _object(claims, "scopes")
    own = _names(scopes, "permissions", "scopes.permissions")
    return Scope(
        teams=_teams(claims.get("teams")),
        permissions=_both(own or None, _oauth(claims)),
        server=_id(scopes, "server_id", "scopes.server_id"),
        networks=_networks(scopes),
        times=_object(scopes, "time_restrictions", "scopes.time_restrictions"),
        limits=_object(scopes, "usage_limits", "scopes.usage_limits"),
    )


def made_from(claims: Mapping[str, Any]) -> str:
    """The id of the API token that a token was made from, and ends with; "" for none. Raises
    Unauthenticated."""
    claim = claims.get(MADE_FROM)
    if claim is None:
        return ""
    id = ids.as_id(claim) if isinstance(claim, str) else None
    if id is None:
        raise _wrong(MADE_FROM, "the id of an API token")
    return id


def _teams(claim: Any) -> tuple[str, ...] | None:
    """Ids, or objects that have one as `id`."""
    if claim is None:
        return None
    if not isinstance(claim, list) or len(claim) > MAX_NAMES:
        raise _wrong("teams", f"a list of at most {MAX_NAMES} ids, or null")
    named = [each.get("id") if isinstance(each, dict) else each for each in claim]
    found = [each for each in named if isinstance(each, str) and each]
    if len(found) < len(named):
        raise _wrong("teams", "a list of ids, or null")
    return tuple(sorted(set(found)))


def _oauth(claims: Mapping[str, Any]) -> Permissions:
    """An identity provider of others puts scopes of its own into `scope` (`openid profile`): where
    none is ours, nothing is said of us."""
    claim = claims.get("scope")
    if claim is None:
        return None
    if not isinstance(claim, str):
        raise _wrong("scope", "a string of scopes, with spaces between")
    scopes = oauth_scopes.parse(claim)
    if len(oauth_scopes.unknown(scopes)) == len(scopes):
        return None
    return oauth_scopes.permissions(scopes)


def _both(one: Permissions, other: Permissions) -> Permissions:
    """What both leave."""
    if one is None or ALL in one:
        return None if other is None or ALL in other else other
    if other is None or ALL in other:
        return one
    return tuple(sorted(set(one) & set(other)))


def _names(source: Mapping[str, Any], name: str, path: str) -> tuple[str, ...] | None:
    claim = source.get(name)
    if claim is None:
        return None
    if not isinstance(claim, list) or len(claim) > MAX_NAMES:
        raise _wrong(path, f"a list of at most {MAX_NAMES} names")
    if not all(isinstance(each, str) and each for each in claim):
        raise _wrong(path, "a list of names")
    return tuple(sorted(set(claim)))


def _networks(scopes: Mapping[str, Any]) -> tuple[str, ...]:
    path = "scopes.ip_restrictions"
    named = _names(scopes, "ip_restrictions", path) or ()
    try:
        return tuple(str(ip_network(each, strict=False)) for each in named)
    except ValueError:
        raise _wrong(path, "a list of addresses and networks (CIDR)") from None


def _id(source: Mapping[str, Any], name: str, path: str) -> str:
    claim = source.get(name)
    if claim is None:
        return ""
    if not isinstance(claim, str) or not claim:
        raise _wrong(path, "an id, or null")
    return ids.as_id(claim) or claim


def _object(source: Mapping[str, Any], name: str, path: str = "") -> dict[str, Any]:
    claim = source.get(name)
    if claim is None:
        return {}
    if not isinstance(claim, dict):
        raise _wrong(path or name, "an object")
    return claim


def _wrong(path: str, right: str) -> Unauthenticated:
    return Unauthenticated(f"token claim {path} must be {right}")
