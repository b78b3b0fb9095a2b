"""A company's identity provider that says who may act at which authorization server (ID-JAG), and
an authorization server that believes it, or a user's password."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from typing_extensions import override

from support.authorization_server import AuthorizationServer

PASSWORD = "the-users-own-password"
ID_JAG = "urn:ietf:params:oauth:token-type:id-jag"


@dataclass
class IdentityProvider(AuthorizationServer):
    """`said`: whom it named in an assertion, and to whom."""

    said: dict[str, tuple[str, str]] = field(default_factory=dict)

    @override
    def _owner(self, sent: dict[str, str], headers: Mapping[str, str]) -> str | None:
        wanted = sent.get("requested_token_type") == ID_JAG
        return super()._owner(sent, headers) if wanted and sent.get("audience") else None

    @override
    def _given(self, owner: str, grant: str) -> dict[str, Any]:
        assertion = secrets.token_hex(16)
        self.said[assertion] = (owner, self.seen[-1]["audience"])
        return {
            "access_token": assertion,
            "token_type": "N_A",
            "issued_token_type": ID_JAG,
            "expires_in": 60,
        }


@dataclass
class Believing(AuthorizationServer):
    """Takes an assertion of `provider` that is for it, once."""

    provider: IdentityProvider | None = None

    @override
    def _owner(self, sent: dict[str, str], headers: Mapping[str, str]) -> str | None:
        match sent["grant_type"]:
            case "password":
                return sent["username"] if sent.get("password") == PASSWORD else None
            case "urn:ietf:params:oauth:grant-type:jwt-bearer" if self.provider is not None:
                owner, audience = self.provider.said.pop(sent["assertion"], ("", ""))
                return f"{owner} by the company" if audience == self.issuer else None
        return super()._owner(sent, headers)
