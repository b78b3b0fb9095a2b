"""As whom the gateway speaks to an authorization server."""

from mcpgateway.control_plane.registry.upstream_auth.clients import (
    DOCUMENT,
    configured,
    document,
)
from mcpgateway.control_plane.registry.upstream_auth.oauth_config import OAuthConfig
from mcpgateway.control_plane.registry.upstream_auth.servers import AuthServer

SITE = "https://gw.example"


def test_a_client_that_signs_does_so_for_the_issuer() -> None:
    config = OAuthConfig(
        "client_credentials", client_id="me", token_endpoint_auth_method="private_key_jwt"
    )
    made = configured(config, {"private_key": "pem"}, AuthServer("https://as.example"))
    assert (made.id, made.auth, made.key) == ("me", "private_key_jwt", "pem")
    assert made.audience == "https://as.example"


def test_the_document_is_the_client_that_it_names() -> None:
    said = document(SITE)
    assert said["client_id"] == SITE + DOCUMENT
    assert said["redirect_uris"] == [SITE + "/oauth/callback"]
    assert (said["application_type"], said["token_endpoint_auth_method"]) == ("web", "none")
