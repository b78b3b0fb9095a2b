"""What is known of identity providers and of those whom they send. Pure values."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple

import msgspec

Preset = Literal["oidc", "keycloak", "google", "github", "entra", "adfs", "okta", "ibm_verify"]
PRESETS: tuple[Preset, ...] = (
    "oidc",
    "keycloak",
    "google",
    "github",
    "entra",
    "adfs",
    "okta",
    "ibm_verify",
)
Status = Literal["pending", "approved", "rejected"]

OIDC_SCOPE = "openid profile email"


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """An identity provider, as somebody set it up. Empty URLs are found out at its issuer.

    `role_mappings`: group to role, or to `role@team`; `team_mappings`: group to team, or to
    `team:owner`. `link_existing`: its verified emails may take over users that are there already.
    `trusts_emails`: a directory of one's own, whose emails count as verified where it says nothing
    of that. `token_audience`: what access tokens must be for to count as bearer tokens; "": none
    do.
    """

    id: str
    preset: Preset = "oidc"
    name: str
    display_name: str
    enabled: bool = True
    client_id: str
    issuer: str = ""
    authorization_url: str = ""
    token_url: str = ""
    userinfo_url: str = ""
    jwks_uri: str = ""
    scope: str = OIDC_SCOPE
    email_claim: str = "email"
    username_claim: str = "preferred_username"
    groups_claim: str = "groups"
    trusted_domains: tuple[str, ...] = ()
    auto_create_users: bool = True
    link_existing: bool = False
    trusts_emails: bool = False
    sync_roles: bool = True
    admin_groups: tuple[str, ...] = ()
    admin_domains: tuple[str, ...] = ()
    role_mappings: dict[str, str] = {}
    team_mappings: dict[str, str] = {}
    default_role: str = ""
    token_audience: str = ""
    realm_roles: bool = True  # Keycloak
    client_roles: bool = False  # Keycloak
    personal_team: bool = False  # team roles without a team are given in the personal one
    default_email_domain: str = ""  # AD FS
    graph: bool = True  # Entra ID
    graph_seconds: float = 10.0
    graph_groups: int = 0  # at most; 0: all

    @property
    def is_oidc(self) -> bool:
        return self.preset != "github"

    @property
    def realm(self) -> str:
        """Whose subjects its accounts are."""
        return self.issuer or self.token_url


@dataclass(frozen=True, slots=True)
class Registered:
    """A provider with what it knows us by. `of_settings`: can be changed there only."""

    provider: Provider
    secret: str = field(repr=False)
    of_settings: bool = False
    created_at: datetime | None = None
    updated_at: datetime | None = None


class Identity(NamedTuple):
    """Who somebody is, as a provider says. `verified`: that the email is his. `groups` None: they
    could not be found out, so that nothing may follow from what is missing in them."""

    subject: str
    email: str
    verified: bool
    name: str
    groups: frozenset[str] | None
    domain: str = ""  # Google Workspace's


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """That an account of a provider is a user of ours. `issuer`: `realm` of the provider, so that
    subjects of another one mean nobody. `made_admin`: because of it the user is an
    administrator."""

    provider_id: str
    issuer: str
    subject: str
    email: str
    made_admin: bool = False
    linked_at: datetime
    last_login: datetime


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody new who waits for an administrator, or did."""

    id: str
    email: str
    full_name: str
    provider_id: str
    subject: str
    status: Status = "pending"
    requested_at: datetime
    expires_at: datetime
    decided_at: datetime | None = None
    decided_by: str | None = None
    reason: str | None = None


class Policy(NamedTuple):
    """What holds for all providers."""

    auto_create: bool = True
    approval: bool = False
    preserve_admin: bool = True
    trusted_domains: tuple[str, ...] = ()
    admin_domains: tuple[str, ...] = ()


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A provider of the database; `secret` is sealed."""

    provider: Provider
    secret: bytes
    created_at: datetime
    updated_at: datetime


Claims = dict[str, Any]
