"""The way out to a provider and back: authorization code with PKCE (RFC 7636), state, nonce, and
the check of who answers (RFC 9207). What is done with whom the provider sends is in `people`."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from mcpgateway.common import seal
from mcpgateway.common.errors import Unauthenticated, UpstreamRejected
from mcpgateway.control_plane.identity.sso import attempts, metadata
from mcpgateway.control_plane.identity.sso.attempts import Attempt
from mcpgateway.control_plane.identity.sso.metadata import Endpoints
from mcpgateway.control_plane.identity.sso.outside import Outside, plain
from mcpgateway.control_plane.identity.sso.providers import Providers
from mcpgateway.control_plane.identity.sso.questions import Questions
from mcpgateway.control_plane.registry.people.sso import Claims, Identity, Provider, Registered
from mcpgateway.control_plane.registry.ports import Ports

MAX_CODE = 4096

Cookie = Callable[[str], str | None]  # its value by name


class Began(NamedTuple):
    """Where to send the browser, and the cookie that it is to keep for `seconds`."""

    url: str
    state: str
    cookie: str
    value: str
    seconds: int = attempts.SECONDS


class Arrived(NamedTuple):
    """`cookie` has served. `after`: a path of ours."""

    registered: Registered
    identity: Identity
    after: str
    cookie: str


class Flow:
    def __init__(self, ports: Ports, providers: Providers, outside: Outside) -> None:
        self._ports = ports
        self._providers = providers
        self._outside = outside
        self._questions = Questions(outside, ports.clock)

    async def begin(self, id: str, callback: str, after: str) -> Began:
        """`callback`: the redirect_uri, registered with the provider. Raises NotFound,
        UpstreamError."""
        provider = (await self._providers.offered(id)).provider
        endpoints = await self._endpoints(provider)
        fresh = attempts.fresh(self._ports.entropy(96))
        expires = self._ports.clock().timestamp() + attempts.SECONDS
        path = attempts.own_path(after)
        attempt = Attempt(fresh.nonce, fresh.verifier, callback, path, expires)
        entropy = self._ports.entropy(seal.NONCE_SIZE)
        value = attempts.write(self._ports.sealer, id, fresh.state, attempt, entropy)
        more = {"nonce": fresh.nonce} if provider.is_oidc else {}
        url = prepare_grant_uri(
            endpoints.authorization,
            client_id=provider.client_id,
            response_type="code",
            redirect_uri=callback,
            scope=provider.scope,
            state=fresh.state,
            code_challenge=create_s256_code_challenge(fresh.verifier),
            code_challenge_method="S256",
            **more,
        )
        return Began(str(url), fresh.state, attempts.cookie_of(fresh.state), value)

    async def finish(self, id: str, answer: Mapping[str, str], cookie: Cookie) -> Arrived:
        """`answer`: the query that the browser came back with. Raises NotFound, Unauthenticated,
        UpstreamError."""
        registered = await self._providers.offered(id)
        state = answer.get("state", "")
        if not 0 < len(state) <= attempts.MAX_STATE:
            raise Unauthenticated("the answer has no state: begin the login again")
        name = attempts.cookie_of(state)
        now = self._ports.clock().timestamp()
        attempt = attempts.read(self._ports.sealer, id, state, cookie(name) or "", now)
        endpoints = await self._endpoints(registered.provider)
        code = _code(registered.provider, endpoints, answer)
        tokens = await self._exchange(registered, endpoints, attempt, code)
        identity = await self._questions.who(registered.provider, endpoints, tokens, attempt.nonce)
        return Arrived(registered, identity, attempt.after, name)

    async def _endpoints(self, provider: Provider) -> Endpoints:
        return metadata.endpoints(provider, await self._document(provider))

    async def _document(self, provider: Provider) -> Claims:
        if not metadata.needs_document(provider):
            return {}
        return (await self._outside.document(metadata.document_url(provider))).content

    async def _exchange(
        self, registered: Registered, endpoints: Endpoints, attempt: Attempt, code: str
    ) -> Claims:
        """The code for tokens, by which the provider is known to be who holds them."""
        provider = registered.provider
        body = prepare_token_request(
            "authorization_code",
            redirect_uri=attempt.callback,
            code=code,
            code_verifier=attempt.verifier,
        )
        shown = "client_secret_post" if endpoints.posts_secret else "client_secret_basic"
        method = shown if registered.secret else "none"
        auth = ClientAuth(provider.client_id, registered.secret, method)
        headers = {
            "accept": "application/json",
            "content-type": "application/x-www-form-urlencoded",
        }
        try:
            _, headers, body = auth.prepare("POST", endpoints.token, headers, body)
        except UnicodeEncodeError:
            raise UpstreamRejected(
                f"the client secret of {provider.id} can not be sent by HTTP Basic"
            ) from None
        tokens = await self._outside.exchange(endpoints.token, headers, str(body))
        if not isinstance(tokens.get("access_token"), str):
            raise UpstreamRejected(f"{endpoints.token}: the answer has no access_token")
        return tokens


def _code(provider: Provider, endpoints: Endpoints, answer: Mapping[str, str]) -> str:
    """Looks at who answers first. Raises Unauthenticated."""
    issuer = answer.get("iss")
    if issuer is None and endpoints.says_iss:
        raise Unauthenticated(
            f"the answer does not say that it is of {provider.issuer} (iss, RFC 9207)"
        )
    if issuer is not None and provider.is_oidc and issuer != provider.issuer:
        raise Unauthenticated(
            f"the answer is of {plain(issuer)!r} and was expected of {provider.issuer!r}"
        )
    error = answer.get("error")
    if error:
        more = answer.get("error_description", "")
        said = plain(error) + (f" ({plain(more)})" if more else "")
        raise Unauthenticated(f"{provider.display_name} refused the login: {said}")
    code = answer.get("code", "")
    if not 0 < len(code) <= MAX_CODE:
        raise Unauthenticated(f"the answer of {provider.display_name} has no code")
    return code
