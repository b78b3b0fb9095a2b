"""Whether somebody whom a provider sends may come in, and as whom. Pure.

An account of a provider is known by its subject, which stays; its email is looked at only until
the two are linked. So neither a changed nor a reused address makes somebody somebody else.
"""

import re
from typing import Literal, NamedTuple

from mcpgateway.common.errors import Denied
from mcpgateway.control_plane.identity.sso.groups import domain_of
from mcpgateway.control_plane.registry.people.model import User
from mcpgateway.control_plane.registry.people.sso import Identity, Link, Policy, Provider, Status

MAX_EMAIL = 255
_EMAIL = re.compile(r"[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+\.[^@\s\x00-\x1f.]+")

Way = Literal["enter", "link", "create", "wait"]


class Known(NamedTuple):
    """What is kept about somebody. `linked`: the user of his account's link. `user`: who has the
    email. `others`: links of that user with the same provider."""

    linked: User | None = None
    user: User | None = None
    others: tuple[Link, ...] = ()
    approval: Status | None = None


def decide(provider: Provider, identity: Identity, policy: Policy, known: Known) -> Way:
    """Raises Denied, which says what stands in the way."""
    if known.linked is not None:
        _check_active(known.linked)
        return "enter"
    _check_email(provider, identity)
    _check_domain(provider, identity, policy)
    if known.user is not None:
        _check_link(provider, identity, known.user, known.others)
        return "link"
    if not (policy.auto_create and provider.auto_create_users):
        raise Denied(
            f"there is no user {identity.email}, and logins of {provider.display_name} make none: "
            "an administrator has to (SSO_AUTO_CREATE_USERS, auto_create_users)"
        )
    if not policy.approval or known.approval == "approved":
        return "create"
    if known.approval == "rejected":
        raise Denied(f"an administrator refused {identity.email}")
    return "wait"


def _check_email(provider: Provider, identity: Identity) -> None:
    name = provider.display_name
    if not identity.email:
        raise Denied(f"{name} says no email of this account; its scopes may have to name `email`")
    if len(identity.email) > MAX_EMAIL or not _EMAIL.fullmatch(identity.email):
        raise Denied(f"what {name} says is the email of this account is none")
    if not identity.verified:
        raise Denied(f"{name} does not say that {identity.email} was verified: verify it there")


def _check_domain(provider: Provider, identity: Identity, policy: Policy) -> None:
    allowed = provider.trusted_domains or policy.trusted_domains
    domain = domain_of(identity.email)
    if allowed and domain not in {each.lower() for each in allowed}:
        raise Denied(
            f"emails of {domain} may not come in by {provider.display_name} "
            "(SSO_TRUSTED_DOMAINS, trusted_domains)"
        )


def _check_link(
    provider: Provider, identity: Identity, user: User, others: tuple[Link, ...]
) -> None:
    _check_active(user)
    if user.service:
        raise Denied(f"{user.email} is a service account, which nobody logs in to")
    if others:
        raise Denied(
            f"{user.email} is linked with another account at {provider.display_name}: when that "
            "is gone for good, an administrator has to delete the user"
        )
    if user.auth_provider != provider.id and not provider.link_existing:
        raise Denied(
            f"there is a user {user.email} already, who does not log in by "
            f"{provider.display_name}. An administrator can let this provider take over users "
            "that are there (MCPGATEWAY_SSO_LINK_PROVIDERS, link_existing)"
        )


def _check_active(user: User) -> None:
    if not user.active:
        raise Denied(f"user {user.email} is not active")
