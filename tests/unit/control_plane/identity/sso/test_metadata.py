"""Where providers are asked what, of their own documents."""

from typing import Any

import pytest

from mcpgateway.common.errors import UpstreamRejected
from mcpgateway.control_plane.identity.sso import metadata
from support.identity_said import provider, said

OIDC = ("oidc", "keycloak", "google", "entra", "adfs", "okta", "ibm_verify")


@pytest.mark.parametrize("kind", OIDC)
def test_every_presets_document_is_understood(kind: Any) -> None:
    made, document = provider(kind), said(kind)["discovery"]
    assert metadata.needs_document(made)
    found = metadata.endpoints(made, document)
    assert found.authorization == document["authorization_endpoint"]
    assert found.token == document["token_endpoint"]
    assert found.userinfo == document["userinfo_endpoint"]
    assert found.jwks == document["jwks_uri"]
    assert metadata.document_url(made) == f"{made.issuer}/.well-known/openid-configuration"


def test_github_needs_no_document() -> None:
    made = provider("github")
    assert not metadata.needs_document(made)
    found = metadata.endpoints(made, {})
    assert found.token == "https://github.com/login/oauth/access_token"
    assert found.posts_secret


def test_adfs_calls_itself_otherwise_in_access_tokens() -> None:
    found = metadata.endpoints(provider("adfs"), said("adfs")["discovery"])
    assert found.token_issuer == "http://fs.example.com/adfs/services/trust"
    assert metadata.endpoints(provider("okta"), said("okta")["discovery"]).token_issuer == (
        "https://example.okta.com"
    )


def test_what_an_operator_says_counts_before_the_document() -> None:
    made = provider("oidc", token_url="https://inner.example.com/token")
    found = metadata.endpoints(made, said("oidc")["discovery"])
    assert found.token == "https://inner.example.com/token"
    assert found.says_iss


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": "https://login.example.com/"},
        {"issuer": None},
        {"token_endpoint": "http://login.example.com/token"},
        {"token_endpoint": None},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": ["https://login.example.com/jwks.json"]},
    ],
)
def test_documents_of_others_and_without_https_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(UpstreamRejected):
        metadata.endpoints(provider("oidc"), said("oidc")["discovery"] | change)
