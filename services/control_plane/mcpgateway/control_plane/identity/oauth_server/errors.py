"""Refusals of the authorization server, by the names that the RFCs give them. Pure."""

import re

_NOT_SHOWN = re.compile(r"[^\x20\x21\x23-\x5b\x5d-\x7e]")  # RFC 6749 5.2: what a description is of
_LONGEST = 300  # characters


class OAuthError(Exception):
    """`error` is the code of the RFC, `description` says what was wrong and what would be right,
    never a secret. `challenge`: the client tried HTTP Basic, so 401 names that scheme."""

    def __init__(
        self, error: str, description: str, status: int = 400, *, challenge: bool = False
    ) -> None:
        super().__init__(description)
        self.error = error
        self.description = shown(description)
        self.status = status
        self.challenge = challenge

    @property
    def body(self) -> dict[str, str]:
        return {"error": self.error, "error_description": self.description}


class Untrusted(Exception):
    """The client or its redirect URI is not believed: the answer is a page of ours, and nobody is
    sent anywhere."""


def shown(text: str) -> str:
    return _NOT_SHOWN.sub("?", text.replace('"', "'"))[:_LONGEST]


def invalid_request(description: str) -> OAuthError:
    return OAuthError("invalid_request", description)


def invalid_grant(description: str) -> OAuthError:
    return OAuthError("invalid_grant", description)


def invalid_client(description: str, *, challenge: bool = False) -> OAuthError:
    return OAuthError("invalid_client", description, 401, challenge=challenge)
