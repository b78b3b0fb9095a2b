"""From what a provider says of somebody to who it is for us: one function for each kind. Pure.

Claims come from a verified ID token, from the user info endpoint and, for Keycloak, from its
access token; GitHub has none and answers requests instead (`github`).
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mcpgateway.common.errors import Unauthenticated
from mcpgateway.control_plane.registry.people.sso import Claims, Identity, Provider

MAX_GROUPS = 11_000  # what Microsoft Graph gives at most; more are not looked at
MAX_NAME = 255
_GUEST = "#ext#"  # in the user names of guests of an Entra tenant: not their address


def identity(provider: Provider, claims: Claims) -> Identity:
    """Raises Unauthenticated when the claims name nobody."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise Unauthenticated(f"{provider.display_name}: the ID token names nobody (sub)")
    # Entra's `sub` is another one for each application.
    own = _text(claims, "oid") if provider.preset == "entra" else ""
    email, verified = _EMAILS.get(provider.preset, _claimed_email)(provider, claims)
    return Identity(
        subject=own or subject,
        email=email.strip().lower(),
        verified=bool(email) and (provider.trusts_emails if verified is None else verified),
        name=_name(provider, claims),
        groups=_groups(provider, claims),
        domain=_text(claims, "hd").lower() if provider.preset == "google" else "",
    )


def github(user: Claims, emails: Sequence[Claims], organizations: Sequence[Claims]) -> Identity:
    """Of the answers to /user, /user/emails and /user/orgs. Only the primary address counts, and
    only when GitHub verified it: the one in the public profile is what somebody wrote there.
    Raises Unauthenticated."""
    id = user.get("id")
    if isinstance(id, bool) or not isinstance(id, int):
        raise Unauthenticated("GitHub: the answer to /user has no id")
    primary = next((each for each in emails if each.get("primary") is True), {})
    return Identity(
        subject=str(id),
        email=_text(primary, "email").lower(),
        verified=primary.get("verified") is True,
        name=(_text(user, "name") or _text(user, "login"))[:MAX_NAME],
        groups=frozenset(filter(None, (_text(each, "login") for each in organizations))),
    )


def overage(claims: Claims) -> bool:
    """Whether Entra left the groups out because they are too many for a token."""
    names = claims.get("_claim_names")
    distributed = isinstance(names, dict) and "groups" in names
    return distributed or claims.get("hasgroups") in (True, "true")


def needs_userinfo(provider: Provider, claims: Claims) -> bool:
    """Whether the ID token leaves out what a login is decided by."""
    if provider.preset in ("google", "entra", "adfs"):
        return False
    needed = {provider.email_claim, provider.groups_claim, "email_verified"}
    return not needed <= claims.keys()


def with_userinfo(provider: Provider, claims: Claims, userinfo: Claims) -> Claims:
    """What the ID token says counts first. That an address was verified is said of the one beside
    it, and of no other."""
    ours, theirs = claims.get(provider.email_claim), userinfo.get(provider.email_claim)
    if ours is not None and ours != theirs:
        userinfo = {name: userinfo[name] for name in userinfo.keys() - {"email_verified"}}
    return {**userinfo, **claims}


class _Email(NamedTuple):
    """`verified` None: nothing is said of that."""

    address: str
    verified: bool | None


def _claimed_email(provider: Provider, claims: Claims) -> _Email:
    said = claims.get("email_verified")
    return _Email(_text(claims, provider.email_claim), None if said is None else _true(said))


def _google(provider: Provider, claims: Claims) -> _Email:
    """Google speaks for gmail.com and for domains that it hosts (hd); any other address was
    verified once, and may belong to somebody else by now."""
    email, verified = _claimed_email(provider, claims)
    own = email.lower().endswith("@gmail.com") or bool(_text(claims, "hd"))
    return _Email(email, bool(verified) and own)


def _entra(provider: Provider, claims: Claims) -> _Email:
    """The `email` claim is whatever a tenant's administrator or the user wrote, unless Entra says
    that its domain is the tenant's (xms_edov). The user name is in a domain of the tenant."""
    email = _text(claims, provider.email_claim)
    if email and claims.get("xms_edov") in (True, 1, "1", "true"):
        return _Email(email, True)
    tenant = _text(claims, "tid")
    for name in ("upn", "preferred_username"):
        user = _text(claims, name)
        if "@" in user and _GUEST not in user.lower():
            return _Email(user, bool(tenant) and f"/{tenant}/" in provider.issuer)
    return _Email(email, False)


def _adfs(provider: Provider, claims: Claims) -> _Email:
    """Without a mail address: the user principal name, or DOMAIN\\user in the usual domain."""
    said = claims.get("email_verified")
    verified = None if said is None else _true(said)
    for name in (provider.email_claim, "upn", "unique_name"):
        value = _text(claims, name)
        if "@" in value:
            return _Email(value, verified)
    account = _text(claims, "unique_name") or _text(claims, "winaccountname")
    user = account.rpartition("\\")[2]
    if user and provider.default_email_domain:
        return _Email(f"{user}@{provider.default_email_domain}", verified)
    return _Email("", verified)


_EMAILS = {"google": _google, "entra": _entra, "adfs": _adfs}


def _name(provider: Provider, claims: Claims) -> str:
    parts = (_text(claims, "given_name"), _text(claims, "family_name"))
    whole = _text(claims, "name") or " ".join(filter(None, parts))
    return (whole or _text(claims, provider.username_claim))[:MAX_NAME]


def _groups(provider: Provider, claims: Claims) -> frozenset[str] | None:
    if provider.preset == "entra" and overage(claims):
        return None
    found = _texts(claims.get(provider.groups_claim))
    if provider.preset == "entra":
        found |= _texts(claims.get("roles"))
    if provider.preset == "keycloak":
        found |= {path.removeprefix("/") for path in found} | _keycloak_roles(provider, claims)
    return found


def _keycloak_roles(provider: Provider, claims: Claims) -> frozenset[str]:
    found: frozenset[str] = frozenset()
    if provider.realm_roles:
        found |= _roles(claims.get("realm_access"))
    clients = claims.get("resource_access")
    if provider.client_roles and isinstance(clients, dict):
        for client, access in clients.items():
            found |= {f"{client}:{role}" for role in _roles(access)}
    return found


def _roles(access: object) -> frozenset[str]:
    return _texts(access.get("roles")) if isinstance(access, dict) else frozenset()


def _texts(value: object) -> frozenset[str]:
    """One text is one group: who shall not be in a group may have a comma in his name."""
    items = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return frozenset(each for each in items[:MAX_GROUPS] if isinstance(each, str) and each)


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) else ""


def _true(value: object) -> bool:
    """Some providers write it as text."""
    return value is True or value == "true"
