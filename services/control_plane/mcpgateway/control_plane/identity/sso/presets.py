"""What is the same for everybody who uses a known provider, and what a provider's id may be. Pure.

Which claims a preset reads, and what it believes of them, is in `profile`.
"""

import re
from typing import Any

from mcpgateway.control_plane.registry.people.sso import Preset, Provider

# A source of grants and memberships is called by the provider's id, so it must not be one of ours.
RESERVED = frozenset({"manual", "default", "local", "system", "admin"})
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")

_COMMON: dict[Preset, dict[str, Any]] = {
    "oidc": {"display_name": "Single sign-on"},
    "keycloak": {"display_name": "Keycloak"},
    "google": {"display_name": "Google", "issuer": "https://accounts.google.com"},
    "github": {
        "display_name": "GitHub",
        "authorization_url": "https://github.com/login/oauth/authorize",
        "token_url": "https://github.com/login/oauth/access_token",
        "userinfo_url": "https://api.github.com/user",
        "scope": "user:email",
    },
    "entra": {"display_name": "Microsoft Entra ID"},
    "adfs": {"display_name": "ADFS Login", "trusts_emails": True, "groups_claim": "group"},
    "okta": {"display_name": "Okta"},
    "ibm_verify": {"display_name": "IBM Security Verify", "groups_claim": "groupIds"},
}

# Tried in this order for who an access token is of (`common.routing.model.SigningKey`).
_SUBJECTS: dict[Preset, tuple[str, ...]] = {
    "entra": ("upn", "preferred_username"),
    "adfs": ("email", "upn"),
    "okta": ("email", "sub"),
}


def preset(kind: Preset, *, id: str, **fields: Any) -> Provider:
    """A provider with what is usual for its kind where nothing else is said."""
    values = {"name": id, **_COMMON[kind], **fields}
    return Provider(id=id, preset=kind, **values)


def subject_claims(provider: Provider) -> tuple[str, ...]:
    return _SUBJECTS.get(provider.preset, (provider.email_claim,))


def id_problem(id: str) -> str | None:
    """Of an id that somebody chose."""
    if not _ID.fullmatch(id):
        return "must be 1 to 64 of a-z 0-9 _ -, and begin with a letter or a digit"
    return f"must not be {id!r}, which has a meaning of its own" if id in RESERVED else None
