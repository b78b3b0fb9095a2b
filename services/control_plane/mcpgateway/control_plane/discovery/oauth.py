"""Requests to the authorization servers of upstreams, by the one outbound client: addresses are
judged, redirects are not followed, answers are small."""

import asyncio
import base64
import secrets
import time
from collections.abc import Mapping
from urllib.parse import quote_plus, urlencode

from mcpgateway.common.errors import Unavailable, UpstreamTimeout
from mcpgateway.control_plane.discovery.outbound import Outbound, shown
from mcpgateway.control_plane.registry.client_assertion import ASSERTION_TYPE, assertion
from mcpgateway.control_plane.registry.upstream_auth.oauth_config import Client
from mcpgateway.control_plane.registry.upstream_auth.ports import NONE, Answered

LIMIT = 256 * 1024  # bytes of an answer
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"


class HttpOAuth:
    """Implements `registry.upstream_auth.ports.OAuthNetwork`. `timeout`: seconds for a request."""

    def __init__(self, outbound: Outbound, timeout: float) -> None:
        self._outbound = outbound
        self._timeout = timeout

    async def post_form(self, url: str, params: Mapping[str, str], client: Client) -> Answered:
        """The client proves itself as RFC 6749 2.3.1 says, or by what it signs; one
        without a secret gives its name. Raises Unavailable for a key that signs nothing."""
        headers = {"Content-Type": _FORM, "Accept": _JSON}
        sent = dict(params)
        if client.auth == "private_key_jwt":
            sent |= _signed(client, url)
        elif client.secret and client.auth in ("", "client_secret_basic"):
            pair = f"{quote_plus(client.id)}:{quote_plus(client.secret)}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        elif client.id:
            sent["client_id"] = client.id
            if client.secret and client.auth == "client_secret_post":
                sent["client_secret"] = client.secret
        return await self._ask("POST", url, headers, urlencode(sent).encode())

    async def post(self, url: str, body: bytes, headers: Mapping[str, str] = NONE) -> Answered:
        lines = {"Content-Type": _JSON, "Accept": _JSON, **headers}
        return await self._ask("POST", url, lines, body)

    async def get(self, url: str, accept: str = _JSON) -> Answered:
        return await self._ask("GET", url, {"Accept": accept}, None)

    async def _ask(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answered:
        try:
            async with (
                asyncio.timeout(self._timeout),
                self._outbound.request(method, url, headers, body) as answer,
            ):
                if answer.media_type == "text/event-stream":  # of an upstream that talks to anybody
                    return Answered(answer.status, b"")
                challenge = answer.header("WWW-Authenticate")
                challenges = (challenge,) if challenge else ()
                return Answered(answer.status, await answer.body(LIMIT), challenges)
        except TimeoutError:
            raise UpstreamTimeout(
                f"{method} {shown(url)}: no answer in {self._timeout:g} s"
            ) from None


def _signed(client: Client, url: str) -> dict[str, str]:
    try:
        proof = assertion(
            client.key, client.id, client.audience or url, time.time(), secrets.token_hex(16)
        )
    except ValueError as error:
        raise Unavailable(f"the client {client.id!r} has {error}: give it again") from None
    return {
        "client_id": client.id,
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": proof,
    }
