"""What the authorization server says of itself (RFC 8414). Pure."""

from typing import Any

from mcpgateway.common.policy.access import oauth_scopes
from mcpgateway.control_plane.identity.oauth_server.client_metadata import (
    CLIENT_CREDENTIALS,
    GRANTS,
    METHODS,
)

WELL_KNOWN = "/.well-known/oauth-authorization-server"
SIGNATURES = ("Ed25519", "ES256", "RS256", "PS256")  # of assertions of clients


def document(base: str, *, registration: bool, documents: bool) -> dict[str, Any]:
    """`base` is the gateway's public URL, which is the issuer. `registration`: whether clients may
    register themselves; `documents`: whether the URL of a document may be a client's id."""
    return {
        "issuer": base,
        "authorization_endpoint": f"{base}/authorize",
        "token_endpoint": f"{base}/token",
        "revocation_endpoint": f"{base}/revoke",
        "device_authorization_endpoint": f"{base}/device_authorization",
        **({"registration_endpoint": f"{base}/register"} if registration else {}),
        "jwks_uri": f"{base}/oauth/jwks",
        "scopes_supported": list(oauth_scopes.ADVERTISED),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": [*GRANTS, CLIENT_CREDENTIALS],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": list(METHODS),
        "token_endpoint_auth_signing_alg_values_supported": list(SIGNATURES),
        "revocation_endpoint_auth_methods_supported": list(METHODS),
        "revocation_endpoint_auth_signing_alg_values_supported": list(SIGNATURES),
        "authorization_response_iss_parameter_supported": True,
        "client_id_metadata_document_supported": documents,
    }
