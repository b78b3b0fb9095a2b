"""An OpenID provider that does what a test wants, also what no provider should: its documents, its
token endpoint, its user info and its keys, without a socket.

It implements ports.Reacher, so that the control plane reaches it and nothing else. `authorize` is
what a browser does there: it takes the URL that it was sent to and answers with what it is sent
back with. A code is good once, for the client, redirect_uri and PKCE verifier that it was made for.
"""

import base64
import hashlib
import itertools
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from mcpgateway.control_plane.registry.discovered.ports import Reached, Request

CLIENT_ID, CLIENT_SECRET = "gateway", "what only the gateway knows: 100%"


class IdentityProvider:
    """`claims` are those of who logs in next, `kept` the Cache-Control of its documents."""

    def __init__(self, issuer: str, now: Callable[[], float]) -> None:
        self.issuer = issuer
        self.now = now
        self.keys = {"first": _key("first")}
        self.signs_by = "first"
        self.claims: dict[str, Any] = {}
        self.userinfo: dict[str, Any] | None = None
        self.kept = "max-age=300"
        self.says_iss = True
        self.seen: list[Request] = []
        self.forged: str | None = None  # given as ID token instead of its own
        self.metadata: dict[str, Any] = {}
        self._codes: dict[str, dict[str, str]] = {}
        self._numbers = itertools.count(1)

    def person(self, subject: str, email: str, **claims: Any) -> None:
        """Who logs in next."""
        verified = {"email_verified": True} if email else {}
        self.claims = {"sub": subject, "email": email, "groups": [], **verified, **claims}

    def authorize(self, url: str) -> dict[str, str]:
        """The query that the browser comes back with."""
        asked = dict(parse_qsl(urlsplit(url).query))
        assert url.startswith(f"{self.issuer}/authorize?")
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{next(self._numbers)}"
        self._codes[code] = {**asked, "claims": json.dumps(self.claims)}
        answer = {"code": code, "state": asked["state"]}
        return answer | ({"iss": self.issuer} if self.says_iss else {})

    def rotate(self, kid: str, *, keep: bool = False) -> None:
        """Signs by a new key; the old ones leave the set unless they are kept."""
        self.keys = {**(self.keys if keep else {}), kid: _key(kid)}
        self.signs_by = kid

    def sign(self, claims: Mapping[str, Any], **header: Any) -> str:
        key = self.keys[self.signs_by]
        return jwt.encode({"alg": "RS256", "kid": self.signs_by, **header}, dict(claims), key)

    def id_claims(self, nonce: str, access: str) -> dict[str, Any]:
        now = round(self.now())
        return {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            "at_hash": half_hash(access),
        }

    def fetched(self, path: str) -> int:
        """How often it was asked for this."""
        return sum(
            urlsplit(each.url).path == urlsplit(self.issuer + path).path for each in self.seen
        )

    async def reach(self, request: Request) -> Reached:
        self.seen.append(request)
        assert request.url.startswith(self.issuer), f"{request.url} is not this provider's"
        path = request.url.removeprefix(self.issuer)
        if path == "/.well-known/openid-configuration":
            return self._json(self._metadata())
        if path == "/keys":
            public = [key.as_dict(private=False) for key in self.keys.values()]
            return self._json({"keys": [{**each, "use": "sig"} for each in public]})
        if path == "/token":
            return self._token(request)
        if path == "/userinfo" and self.userinfo is not None:
            return self._json(self.userinfo)
        return Reached(404, "text/plain", b"nothing here")

    def _metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/keys",
            "authorization_response_iss_parameter_supported": self.says_iss,
            **self.metadata,
        }

    def _token(self, request: Request) -> Reached:
        headers = dict(request.headers)
        pair = f"{CLIENT_ID}:{CLIENT_SECRET}".encode()
        given = parse_qs((request.body or b"").decode())
        one = {name: values[0] for name, values in given.items()}
        made = self._codes.pop(one.get("code", ""), None)
        right = (
            headers.get("Authorization") == "Basic " + base64.b64encode(pair).decode()
            and made is not None
            and one["redirect_uri"] == made["redirect_uri"]
            and s256(one["code_verifier"]) == made["code_challenge"]
        )
        if not right or made is None:
            return self._json({"error": "invalid_grant"}, 400)
        access = f"access-{next(self._numbers)}"
        own = self.id_claims(made.get("nonce", ""), access) | json.loads(made["claims"])
        token = self.sign(own) if self.forged is None else self.forged
        return self._json({"access_token": access, "token_type": "Bearer", "id_token": token})

    def _json(self, value: object, status: int = 200) -> Reached:
        return Reached(status, "application/json", json.dumps(value).encode(), self.kept)


def s256(verifier: str) -> str:
    return _text(hashlib.sha256(verifier.encode()).digest())


def half_hash(access: str) -> str:
    """`at_hash` (OpenID Connect Core 3.1.3.6)."""
    return _text(hashlib.sha256(access.encode()).digest()[:16])


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _key(kid: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"})
