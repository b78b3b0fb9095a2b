"""The settings of single sign-on. What they mean as providers is said in
`identity.sso.configured`."""

from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlsplit

import msgspec

from mcpgateway.common.runtime.settings import boolean, integer, seconds, setting, words

MAX_MAPPINGS = 1000  # groups of one provider

Pairs: TypeAlias = tuple[tuple[str, str], ...]


def texts(value: str) -> tuple[str, ...]:
    """A comma-separated list, or a JSON array of strings. Raises ValueError."""
    if not value.strip().startswith("["):
        return words(value)
    try:
        found = msgspec.json.decode(value, type=list[str])
    except msgspec.DecodeError:
        raise ValueError("must be a JSON array of strings, or a comma-separated list") from None
    return tuple(each.strip() for each in found if each.strip())


def domains(value: str) -> tuple[str, ...]:
    """As `texts`: of emails, without what stands before the @."""
    return tuple(each.lower().removeprefix("@") for each in texts(value))


def pairs(value: str) -> Pairs:
    """Of a JSON object whose members are strings. Raises ValueError."""
    try:
        found = msgspec.json.decode(value, type=dict[str, str])
    except msgspec.DecodeError:
        raise ValueError('must be a JSON object of strings, such as {"group": "role"}') from None
    if len(found) > MAX_MAPPINGS:
        raise ValueError(f"has {len(found)} members, {MAX_MAPPINGS} is the limit")
    return tuple(found.items())


def web_url(value: str) -> str:
    """An http(s) URL without fragment or user information, as it stands. Raises ValueError."""
    url = value.strip()
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        good, parts = False, urlsplit("")
    if not good or parts.fragment or parts.username is not None:
        raise ValueError(f"must look like https://login.example.com/path, got {value!r}")
    return url


_OIDC = "openid profile email"
_ROLES = "JSON object: group to role, or to role@team"


@dataclass(frozen=True, kw_only=True)
class SsoSettings:
    """A part of the control plane's `Settings`. A provider is there when SSO_ENABLED, its own
    *_ENABLED and its client id are set."""

    sso_enabled: bool = setting(
        "SSO_ENABLED", boolean, default=False, doc="serve /auth/sso, log in by identity providers"
    )
    sso_auto_create: bool = setting(
        "SSO_AUTO_CREATE_USERS", boolean, default=True, doc="make users at their first login"
    )
    sso_trusted_domains: tuple[str, ...] = setting(
        "SSO_TRUSTED_DOMAINS",
        domains,
        default=(),
        doc="domains of emails that may come in for the first time; empty: any",
    )
    sso_preserve_admin: bool = setting(
        "SSO_PRESERVE_ADMIN_AUTH",
        boolean,
        default=True,
        doc="administrators keep their password when their account is linked with a provider",
    )
    sso_admin_domains: tuple[str, ...] = setting(
        "SSO_AUTO_ADMIN_DOMAINS",
        domains,
        default=(),
        doc="domains of verified emails whose people are administrators",
    )
    sso_approval: bool = setting(
        "SSO_REQUIRE_ADMIN_APPROVAL",
        boolean,
        default=False,
        doc="new users wait for an administrator, in /auth/sso/pending-approvals",
    )
    sso_link: tuple[str, ...] = setting(
        "MCPGATEWAY_SSO_LINK_PROVIDERS",
        words,
        default=(),
        doc="providers whose verified emails may take over users that were there before",
    )
    sso_emails: tuple[str, ...] = setting(
        "MCPGATEWAY_SSO_EMAIL_PROVIDERS",
        words,
        default=(),
        doc="providers whose emails count as verified where they say nothing of that",
    )
    sso_tokens: bool = setting(
        "SSO_API_TOKEN_AUTH_ENABLED",
        boolean,
        default=False,
        doc="accept access tokens of the providers as bearer tokens",
    )
    sso_token_audience: str = setting(
        "MCPGATEWAY_SSO_TOKEN_AUDIENCE",
        default="",
        doc="`aud` that access tokens of the providers must have; their client id when empty",
    )

    github_enabled: bool = setting("SSO_GITHUB_ENABLED", boolean, default=False, doc="offer GitHub")
    github_id: str = setting("SSO_GITHUB_CLIENT_ID", default="", doc="client id at GitHub")
    github_secret: str = setting(
        "SSO_GITHUB_CLIENT_SECRET", default="", doc="client secret at GitHub", secret=True
    )
    github_admins: tuple[str, ...] = setting(
        "SSO_GITHUB_ADMIN_ORGS", texts, default=(), doc="organizations of administrators"
    )

    google_enabled: bool = setting("SSO_GOOGLE_ENABLED", boolean, default=False, doc="offer Google")
    google_id: str = setting("SSO_GOOGLE_CLIENT_ID", default="", doc="client id at Google")
    google_secret: str = setting(
        "SSO_GOOGLE_CLIENT_SECRET", default="", doc="client secret at Google", secret=True
    )
    google_admins: tuple[str, ...] = setting(
        "SSO_GOOGLE_ADMIN_DOMAINS",
        domains,
        default=(),
        doc="Google Workspace domains (claim hd) of administrators",
    )

    ibm_enabled: bool = setting(
        "SSO_IBM_VERIFY_ENABLED", boolean, default=False, doc="offer IBM Security Verify"
    )
    ibm_id: str = setting("SSO_IBM_VERIFY_CLIENT_ID", default="", doc="client id at IBM Verify")
    ibm_secret: str = setting(
        "SSO_IBM_VERIFY_CLIENT_SECRET", default="", doc="client secret at IBM Verify", secret=True
    )
    ibm_issuer: str = setting(
        "SSO_IBM_VERIFY_ISSUER",
        web_url,
        default="",
        doc="issuer, such as https://tenant.verify.ibm.com/oidc/endpoint/default",
    )

    okta_enabled: bool = setting("SSO_OKTA_ENABLED", boolean, default=False, doc="offer Okta")
    okta_id: str = setting("SSO_OKTA_CLIENT_ID", default="", doc="client id at Okta")
    okta_secret: str = setting(
        "SSO_OKTA_CLIENT_SECRET", default="", doc="client secret at Okta", secret=True
    )
    okta_issuer: str = setting(
        "SSO_OKTA_ISSUER",
        web_url,
        default="",
        doc="issuer, such as https://tenant.okta.com or https://tenant.okta.com/oauth2/default",
    )
    okta_scope: str = setting("SSO_OKTA_SCOPE", default=_OIDC, doc="scopes, by spaces")
    okta_roles: Pairs = setting("OKTA_GROUP_MAPPING", pairs, default=(), doc=_ROLES)

    keycloak_enabled: bool = setting(
        "SSO_KEYCLOAK_ENABLED", boolean, default=False, doc="offer Keycloak"
    )
    keycloak_id: str = setting("SSO_KEYCLOAK_CLIENT_ID", default="", doc="client id at Keycloak")
    keycloak_secret: str = setting(
        "SSO_KEYCLOAK_CLIENT_SECRET", default="", doc="client secret at Keycloak", secret=True
    )
    keycloak_url: str = setting(
        "SSO_KEYCLOAK_BASE_URL", web_url, default="", doc="where the gateway reaches Keycloak"
    )
    keycloak_public_url: str = setting(
        "SSO_KEYCLOAK_PUBLIC_BASE_URL",
        web_url,
        default="",
        doc="where browsers reach Keycloak; SSO_KEYCLOAK_BASE_URL when empty",
    )
    keycloak_realm: str = setting("SSO_KEYCLOAK_REALM", default="master", doc="realm")
    keycloak_realm_roles: bool = setting(
        "SSO_KEYCLOAK_MAP_REALM_ROLES", boolean, default=True, doc="realm roles count as groups"
    )
    keycloak_client_roles: bool = setting(
        "SSO_KEYCLOAK_MAP_CLIENT_ROLES",
        boolean,
        default=False,
        doc="client roles count as groups, as client:role",
    )
    keycloak_roles: Pairs = setting("SSO_KEYCLOAK_ROLE_MAPPINGS", pairs, default=(), doc=_ROLES)
    keycloak_default_role: str = setting(
        "SSO_KEYCLOAK_DEFAULT_ROLE", default="", doc="role of whom no mapping gives one"
    )
    keycloak_personal: bool = setting(
        "SSO_KEYCLOAK_RESOLVE_TEAM_SCOPE_TO_PERSONAL_TEAM",
        boolean,
        default=False,
        doc="mapped team roles that name no team are given in the personal team",
    )
    keycloak_username_claim: str = setting(
        "SSO_KEYCLOAK_USERNAME_CLAIM", default="preferred_username", doc="claim of the user name"
    )
    keycloak_email_claim: str = setting(
        "SSO_KEYCLOAK_EMAIL_CLAIM", default="email", doc="claim of the email"
    )
    keycloak_groups_claim: str = setting(
        "SSO_KEYCLOAK_GROUPS_CLAIM", default="groups", doc="claim of the groups"
    )

    entra_enabled: bool = setting(
        "SSO_ENTRA_ENABLED", boolean, default=False, doc="offer Microsoft Entra ID"
    )
    entra_id: str = setting("SSO_ENTRA_CLIENT_ID", default="", doc="application id at Entra ID")
    entra_secret: str = setting(
        "SSO_ENTRA_CLIENT_SECRET", default="", doc="client secret at Entra ID", secret=True
    )
    entra_tenant: str = setting("SSO_ENTRA_TENANT_ID", default="", doc="id of the tenant, a GUID")
    entra_groups_claim: str = setting(
        "SSO_ENTRA_GROUPS_CLAIM", default="groups", doc="claim of the groups"
    )
    entra_admins: tuple[str, ...] = setting(
        "SSO_ENTRA_ADMIN_GROUPS", texts, default=(), doc="object ids of administrators' groups"
    )
    entra_roles: Pairs = setting("SSO_ENTRA_ROLE_MAPPINGS", pairs, default=(), doc=_ROLES)
    entra_default_role: str = setting(
        "SSO_ENTRA_DEFAULT_ROLE", default="", doc="role of whom no mapping gives one"
    )
    entra_sync: bool = setting(
        "SSO_ENTRA_SYNC_ROLES_ON_LOGIN",
        boolean,
        default=True,
        doc="false: groups count at the first login only",
    )
    entra_graph: bool = setting(
        "SSO_ENTRA_GRAPH_API_ENABLED",
        boolean,
        default=True,
        doc="ask Microsoft Graph for groups that are too many for a token",
    )
    entra_graph_timeout: float = setting(
        "SSO_ENTRA_GRAPH_API_TIMEOUT",
        seconds(1, 60),
        default=10.0,
        doc="seconds for an answer of Microsoft Graph",
    )
    entra_graph_max: int = setting(
        "SSO_ENTRA_GRAPH_API_MAX_GROUPS",
        integer(0, 11_000),
        default=0,
        doc="most groups taken from Microsoft Graph; 0: as many as it gives (11,000)",
    )

    adfs_enabled: bool = setting("SSO_ADFS_ENABLED", boolean, default=False, doc="offer AD FS")
    adfs_id: str = setting("SSO_ADFS_CLIENT_ID", default="", doc="client id at AD FS")
    adfs_secret: str = setting(
        "SSO_ADFS_CLIENT_SECRET", default="", doc="client secret at AD FS", secret=True
    )
    adfs_authorization: str = setting(
        "SSO_ADFS_AUTHORIZATION_URL", web_url, default="", doc="by discovery when empty"
    )
    adfs_token: str = setting(
        "SSO_ADFS_TOKEN_URL", web_url, default="", doc="by discovery when empty"
    )
    adfs_issuer: str = setting(
        "SSO_ADFS_ISSUER", web_url, default="", doc="issuer, such as https://fs.example.com/adfs"
    )
    adfs_scope: str = setting("SSO_ADFS_SCOPE", default=_OIDC, doc="scopes, by spaces")
    adfs_name: str = setting("SSO_ADFS_DISPLAY_NAME", default="ADFS Login", doc="shown name")
    adfs_domain: str = setting(
        "SSO_ADFS_DEFAULT_EMAIL_DOMAIN",
        default="",
        doc="makes an email of an account name without one (DOMAIN\\user)",
    )

    generic_enabled: bool = setting(
        "SSO_GENERIC_ENABLED", boolean, default=False, doc="offer another OpenID provider"
    )
    generic_provider: str = setting("SSO_GENERIC_PROVIDER_ID", default="", doc="its id in paths")
    generic_name: str = setting("SSO_GENERIC_DISPLAY_NAME", default="", doc="shown name")
    generic_id: str = setting("SSO_GENERIC_CLIENT_ID", default="", doc="client id there")
    generic_secret: str = setting(
        "SSO_GENERIC_CLIENT_SECRET", default="", doc="client secret there", secret=True
    )
    generic_authorization: str = setting(
        "SSO_GENERIC_AUTHORIZATION_URL", web_url, default="", doc="by discovery when empty"
    )
    generic_token: str = setting(
        "SSO_GENERIC_TOKEN_URL", web_url, default="", doc="by discovery when empty"
    )
    generic_userinfo: str = setting(
        "SSO_GENERIC_USERINFO_URL", web_url, default="", doc="by discovery when empty"
    )
    generic_issuer: str = setting(
        "SSO_GENERIC_ISSUER", web_url, default="", doc="issuer, exactly as in its tokens"
    )
    generic_jwks: str = setting(
        "SSO_GENERIC_JWKS_URI", web_url, default="", doc="by discovery when empty"
    )
    generic_scope: str = setting("SSO_GENERIC_SCOPE", default=_OIDC, doc="scopes, by spaces")
    generic_groups_claim: str = setting(
        "SSO_GENERIC_GROUPS_CLAIM", default="groups", doc="claim of the groups"
    )
    generic_admins: tuple[str, ...] = setting(
        "SSO_GENERIC_ADMIN_GROUPS", texts, default=(), doc="administrators' groups"
    )
    generic_roles: Pairs = setting("SSO_GENERIC_ROLE_MAPPINGS", pairs, default=(), doc=_ROLES)
    generic_default_role: str = setting(
        "SSO_GENERIC_DEFAULT_ROLE", default="", doc="role of whom no mapping gives one"
    )
    generic_sync: bool = setting(
        "SSO_GENERIC_SYNC_ROLES_ON_LOGIN",
        boolean,
        default=True,
        doc="false: groups count at the first login only",
    )
