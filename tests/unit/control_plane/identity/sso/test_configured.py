"""Providers as the settings name them."""

from typing import Any

import pytest

from mcpgateway.common.runtime.settings import SettingsError, load
from mcpgateway.control_plane.identity.sso.configured import Found, policy, providers
from mcpgateway.control_plane.registry.people.sso import Policy, Registered
from mcpgateway.control_plane.settings.sso import SsoSettings

TENANT = "8f6e1c2a-1d3b-4c5e-9f70-1a2b3c4d5e6f"


def found(**environ: str) -> Found:
    return providers(load(SsoSettings, environ))


def one(**environ: str) -> Registered:
    told = found(**environ)
    assert told.problems == ()
    [made] = told.providers
    return made


def enabled(kind: str, **more: str) -> dict[str, str]:
    names = {"ENABLED": "true", "CLIENT_ID": "id", "CLIENT_SECRET": "secret", **more}
    return {f"SSO_{kind}_{name}": value for name, value in names.items()}


def test_none_is_there_by_default() -> None:
    assert found() == Found((), ())
    assert policy(load(SsoSettings, {})) == Policy()


def test_keycloak_is_reached_inside_and_shown_outside() -> None:
    urls = {"BASE_URL": "http://keycloak:8080/", "PUBLIC_BASE_URL": "https://sso.example.com"}
    made = one(**enabled("KEYCLOAK", REALM="corp", ROLE_MAPPINGS='{"a": "viewer@t"}', **urls))
    provider = made.provider
    assert provider.issuer == "https://sso.example.com/realms/corp"
    assert provider.authorization_url.startswith("https://sso.example.com/realms/corp/protocol/")
    assert provider.token_url.startswith("http://keycloak:8080/realms/corp/protocol/")
    assert provider.role_mappings == {"a": "viewer@t"}
    assert made.secret == "secret"
    assert "secret" not in repr(made)


def test_entra_is_one_tenant() -> None:
    provider = one(**enabled("ENTRA", TENANT_ID=TENANT.upper())).provider
    assert provider.issuer == f"https://login.microsoftonline.com/{TENANT}/v2.0"
    for tenant in ("common", "organizations", "example.onmicrosoft.com"):
        told = found(**enabled("ENTRA", TENANT_ID=tenant))
        assert told.providers == ()
        assert "SSO_ENTRA_TENANT_ID" in told.problems[0]


def test_github_is_asked_for_organizations_only_when_they_count() -> None:
    assert one(**enabled("GITHUB")).provider.scope == "user:email"
    admins = one(**enabled("GITHUB", ADMIN_ORGS="Example-Inc")).provider
    assert (admins.scope, admins.admin_groups) == ("user:email read:org", ("Example-Inc",))


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("GOOGLE", {}),
        ("OKTA", {"ISSUER": "https://example.okta.com"}),
        ("ADFS", {"ISSUER": "https://fs.example.com/adfs"}),
        ("IBM_VERIFY", {"ISSUER": "https://example.verify.ibm.com/oidc/endpoint/default"}),
        ("GENERIC", {"ISSUER": "https://login.example.com", "PROVIDER_ID": "corp"}),
    ],
)
def test_what_is_missing_is_named(kind: str, more: dict[str, str]) -> None:
    assert one(**enabled(kind, **more)).provider.enabled
    for name in ("CLIENT_ID", *more):
        environ = enabled(kind, **more)
        del environ[f"SSO_{kind}_{name}"]
        [problem] = found(**environ).problems
        assert f"SSO_{kind}_{name}" in problem


def test_trust_in_addresses_and_tokens_is_given_by_name() -> None:
    google = enabled("GOOGLE")
    assert not one(**google).provider.link_existing
    assert one(**google).provider.token_audience == ""
    trusted = {"MCPGATEWAY_SSO_LINK_PROVIDERS": "google,github"}
    assert one(**google, **trusted).provider.link_existing
    directory = {"MCPGATEWAY_SSO_EMAIL_PROVIDERS": "google"}
    assert one(**google, **directory).provider.trusts_emails
    tokens = {"SSO_API_TOKEN_AUTH_ENABLED": "true"}
    assert one(**google, **tokens).provider.token_audience == "id"
    audience = {"MCPGATEWAY_SSO_TOKEN_AUDIENCE": "api://gateway"}
    assert one(**google, **tokens, **audience).provider.token_audience == "api://gateway"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SSO_OKTA_ISSUER", "example.okta.com"),
        ("SSO_GENERIC_JWKS_URI", "file:///etc/passwd"),
        ("SSO_ENTRA_ROLE_MAPPINGS", '{"a": 1}'),
        ("SSO_KEYCLOAK_ROLE_MAPPINGS", "a=b"),
        ("SSO_TRUSTED_DOMAINS", "[1]"),
    ],
)
def test_wrong_values_are_told_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        load(SsoSettings, {name: value})


@pytest.mark.parametrize("value", ["example.com,@Corp.example", '["example.com", "@corp.example"]'])
def test_domains_are_listed_either_way(value: str) -> None:
    settings: Any = load(SsoSettings, {"SSO_TRUSTED_DOMAINS": value})
    assert settings.sso_trusted_domains == ("example.com", "corp.example")
