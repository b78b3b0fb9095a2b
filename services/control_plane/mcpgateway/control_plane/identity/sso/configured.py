"""The providers that the settings name. Pure."""

from typing import Any, NamedTuple
from uuid import UUID

from mcpgateway.control_plane.identity.sso.presets import preset
from mcpgateway.control_plane.registry.people.sso import OIDC_SCOPE, Policy, Registered
from mcpgateway.control_plane.settings.sso import SsoSettings

ENTRA = "https://login.microsoftonline.com"


class Found(NamedTuple):
    """`problems`: why a provider that is enabled is not there, one line each."""

    providers: tuple[Registered, ...]
    problems: tuple[str, ...]


def policy(settings: SsoSettings) -> Policy:
    return Policy(
        auto_create=settings.sso_auto_create,
        approval=settings.sso_approval,
        preserve_admin=settings.sso_preserve_admin,
        trusted_domains=settings.sso_trusted_domains,
        admin_domains=settings.sso_admin_domains,
    )


def providers(settings: SsoSettings) -> Found:
    found, problems = [], []
    for make in (_github, _google, _ibm, _okta, _keycloak, _entra, _adfs, _generic):
        made = make(settings)
        if isinstance(made, str):
            problems.append(made)
        elif made is not None:
            found.append(made)
    return Found(tuple(found), tuple(problems))


def _registered(
    settings: SsoSettings, kind: Any, secret: str, id: str = "", **fields: Any
) -> Registered:
    id = id or kind
    audience = settings.sso_token_audience or fields["client_id"]
    bearer = audience if settings.sso_tokens and kind != "github" else ""
    common = {"link_existing": id in settings.sso_link, "token_audience": bearer}
    if id in settings.sso_emails:
        common["trusts_emails"] = True
    return Registered(preset(kind, id=id, **common, **fields), secret, of_settings=True)


def _github(settings: SsoSettings) -> Registered | str | None:
    if not settings.github_enabled:
        return None
    if not settings.github_id or not settings.github_secret:
        return _missing("GITHUB", "CLIENT_ID", "CLIENT_SECRET")
    scope = "user:email read:org" if settings.github_admins else "user:email"
    return _registered(
        settings,
        "github",
        settings.github_secret,
        client_id=settings.github_id,
        admin_groups=settings.github_admins,
        scope=scope,
    )


def _google(settings: SsoSettings) -> Registered | str | None:
    if not settings.google_enabled:
        return None
    if not settings.google_id:
        return _missing("GOOGLE", "CLIENT_ID")
    return _registered(
        settings,
        "google",
        settings.google_secret,
        client_id=settings.google_id,
        admin_domains=settings.google_admins,
    )


def _ibm(settings: SsoSettings) -> Registered | str | None:
    if not settings.ibm_enabled:
        return None
    if not settings.ibm_id or not settings.ibm_issuer:
        return _missing("IBM_VERIFY", "CLIENT_ID", "ISSUER")
    return _registered(
        settings,
        "ibm_verify",
        settings.ibm_secret,
        client_id=settings.ibm_id,
        issuer=settings.ibm_issuer,
    )


def _okta(settings: SsoSettings) -> Registered | str | None:
    if not settings.okta_enabled:
        return None
    if not settings.okta_id or not settings.okta_issuer:
        return _missing("OKTA", "CLIENT_ID", "ISSUER")
    return _registered(
        settings,
        "okta",
        settings.okta_secret,
        client_id=settings.okta_id,
        issuer=settings.okta_issuer,
        scope=settings.okta_scope,
        role_mappings=dict(settings.okta_roles),
    )


def _keycloak(settings: SsoSettings) -> Registered | str | None:
    """Its paths are known, so browsers may be sent elsewhere than we go ourselves."""
    if not settings.keycloak_enabled:
        return None
    if not settings.keycloak_id or not settings.keycloak_url:
        return _missing("KEYCLOAK", "CLIENT_ID", "BASE_URL")
    realm = f"/realms/{settings.keycloak_realm}"
    inner = settings.keycloak_url.rstrip("/") + realm
    outer = (settings.keycloak_public_url or settings.keycloak_url).rstrip("/") + realm
    paths = "/protocol/openid-connect"
    return _registered(
        settings,
        "keycloak",
        settings.keycloak_secret,
        client_id=settings.keycloak_id,
        issuer=outer,
        authorization_url=f"{outer}{paths}/auth",
        token_url=f"{inner}{paths}/token",
        userinfo_url=f"{inner}{paths}/userinfo",
        jwks_uri=f"{inner}{paths}/certs",
        realm_roles=settings.keycloak_realm_roles,
        client_roles=settings.keycloak_client_roles,
        role_mappings=dict(settings.keycloak_roles),
        default_role=settings.keycloak_default_role,
        personal_team=settings.keycloak_personal,
        username_claim=settings.keycloak_username_claim,
        email_claim=settings.keycloak_email_claim,
        groups_claim=settings.keycloak_groups_claim,
    )


def _entra(settings: SsoSettings) -> Registered | str | None:
    if not settings.entra_enabled:
        return None
    if not settings.entra_id or not settings.entra_tenant:
        return _missing("ENTRA", "CLIENT_ID", "TENANT_ID")
    try:
        tenant = str(UUID(settings.entra_tenant))
    except ValueError:
        return (
            "SSO_ENTRA_TENANT_ID must be the id of one tenant, a GUID: whoever has a Microsoft "
            f"account is in {settings.entra_tenant!r}, or its tokens name another issuer"
        )
    return _registered(
        settings,
        "entra",
        settings.entra_secret,
        client_id=settings.entra_id,
        issuer=f"{ENTRA}/{tenant}/v2.0",
        groups_claim=settings.entra_groups_claim,
        admin_groups=settings.entra_admins,
        role_mappings=dict(settings.entra_roles),
        default_role=settings.entra_default_role,
        sync_roles=settings.entra_sync,
        graph=settings.entra_graph,
        graph_seconds=settings.entra_graph_timeout,
        graph_groups=settings.entra_graph_max,
        scope=f"{OIDC_SCOPE} User.Read",
    )


def _adfs(settings: SsoSettings) -> Registered | str | None:
    if not settings.adfs_enabled:
        return None
    if not settings.adfs_id or not settings.adfs_issuer:
        return _missing("ADFS", "CLIENT_ID", "ISSUER")
    return _registered(
        settings,
        "adfs",
        settings.adfs_secret,
        display_name=settings.adfs_name,
        client_id=settings.adfs_id,
        issuer=settings.adfs_issuer,
        authorization_url=settings.adfs_authorization,
        token_url=settings.adfs_token,
        scope=settings.adfs_scope,
        default_email_domain=settings.adfs_domain.lower().removeprefix("@"),
    )


def _generic(settings: SsoSettings) -> Registered | str | None:
    if not settings.generic_enabled:
        return None
    if not settings.generic_id or not settings.generic_provider or not settings.generic_issuer:
        return _missing("GENERIC", "CLIENT_ID", "PROVIDER_ID", "ISSUER")
    return _registered(
        settings,
        "oidc",
        settings.generic_secret,
        settings.generic_provider,
        display_name=settings.generic_name or settings.generic_provider,
        client_id=settings.generic_id,
        issuer=settings.generic_issuer,
        authorization_url=settings.generic_authorization,
        token_url=settings.generic_token,
        userinfo_url=settings.generic_userinfo,
        jwks_uri=settings.generic_jwks,
        scope=settings.generic_scope,
        groups_claim=settings.generic_groups_claim,
        admin_groups=settings.generic_admins,
        role_mappings=dict(settings.generic_roles),
        default_role=settings.generic_default_role,
        sync_roles=settings.generic_sync,
    )


def _missing(provider: str, *names: str) -> str:
    needed = " and ".join(f"SSO_{provider}_{name}" for name in names)
    return f"SSO_{provider}_ENABLED has no effect: it needs {needed}"
