"""What a client asks for at the authorization endpoint, checked. Pure.

Until the client and its redirect URI are believed, what is wrong is shown to the user
(`Untrusted`); after that the client is told, with `state` and `iss`.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping

import msgspec

from mcpgateway.common.policy.access import oauth_scopes
from mcpgateway.control_plane.identity.oauth_server import client_metadata, redirects, resources
from mcpgateway.control_plane.identity.oauth_server.errors import (
    OAuthError,
    Untrusted,
    invalid_request,
)
from mcpgateway.control_plane.identity.oauth_server.parameters import Pairs, needed, single
from mcpgateway.control_plane.registry.people.oauth_server import Client

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # SHA-256 in base64url
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


class Asked(msgspec.Struct, frozen=True):
    """A request that may be granted. `state` "": there was none."""

    client_id: str
    redirect_uri: str
    state: str
    scopes: tuple[str, ...]
    resource: str
    challenge: str


def client_of(pairs: Pairs) -> str:
    """The id of the client. Raises Untrusted."""
    named = [value for name, value in pairs if name == "client_id"]
    if len(named) != 1 or not named[0]:
        raise Untrusted("The request must name one client_id.")
    return named[0]


def redirect_of(pairs: Pairs, client: Client) -> str:
    """Where the answer goes. Raises Untrusted."""
    registered = client.metadata.redirect_uris
    named = [value for name, value in pairs if name == "redirect_uri"]
    if not named and len(registered) == 1 and not redirects.is_local(registered[0]):
        return registered[0]
    if len(named) != 1 or not named[0]:
        raise Untrusted("The request must name one redirect_uri.")
    if not redirects.matches(registered, named[0]):
        raise Untrusted("The redirect_uri of the request is not one that the client registered.")
    return named[0]


def state_of(pairs: Pairs) -> str:
    """To be sent back with a refusal."""
    named = [value for name, value in pairs if name == "state"]
    return named[0] if len(named) == 1 else ""


def read(pairs: Pairs, client: Client, redirect_uri: str, base: str) -> Asked:
    """`base` is the gateway's public URL. Raises OAuthError."""
    parameters = single(pairs)
    _check_form(parameters, client)
    challenge = needed(parameters, "code_challenge")
    method = parameters.get("code_challenge_method", "plain")  # RFC 7636 4.3: absent means plain
    if method != "S256":
        raise invalid_request(f"code_challenge_method must be S256, not {method[:20]}")
    if not _CHALLENGE.fullmatch(challenge):
        raise invalid_request("code_challenge must be the base64url of a SHA-256, 43 characters")
    return Asked(
        client_id=client.id,
        redirect_uri=redirect_uri,
        state=parameters.get("state", ""),
        scopes=scopes_of(parameters, client),
        resource=resources.checked(parameters.get("resource", ""), base),
        challenge=challenge,
    )


def _check_form(parameters: Mapping[str, str], client: Client) -> None:
    kind = needed(parameters, "response_type")
    if kind != "code":
        raise OAuthError("unsupported_response_type", "response_type must be code")
    if client_metadata.CODE not in client.metadata.grant_types:
        raise OAuthError("unauthorized_client", "the client is not registered for codes")
    if parameters.get("response_mode", "query") != "query":
        raise invalid_request("response_mode must be query")
    for name in ("request", "request_uri"):
        if name in parameters:
            raise OAuthError(f"{name}_not_supported", f"{name} is not supported")


def scopes_of(parameters: Mapping[str, str], client: Client) -> tuple[str, ...]:
    """What is asked for; what the client registered with, when it asks for nothing. A client may
    ask for more than that: what counts is what its user agrees to. Raises OAuthError."""
    asked = oauth_scopes.parse(parameters.get("scope", ""))
    unknown = oauth_scopes.unknown(asked)
    if unknown:
        known = " ".join(oauth_scopes.SCOPES)
        raise OAuthError("invalid_scope", f"scope {unknown[0][:40]} is none of: {known}")
    return asked or oauth_scopes.parse(client.metadata.scope or "") or oauth_scopes.DEFAULT


def verifies(verifier: str, challenge: str) -> bool:
    """Whether the verifier is the one of the challenge (RFC 7636 4.6, S256)."""
    if not _VERIFIER.fullmatch(verifier):
        return False
    hashed = hashlib.sha256(verifier.encode()).digest()
    made = base64.urlsafe_b64encode(hashed).rstrip(b"=")
    return hmac.compare_digest(made, challenge.encode())


def answer(redirect_uri: str, base: str, state: str, **said: str) -> str:
    """Where the browser is sent, with `iss` (RFC 9207) so that the client knows who says so."""
    stated = [("state", state)] if state else []
    return redirects.with_query(redirect_uri, [*said.items(), *stated, ("iss", base)])
