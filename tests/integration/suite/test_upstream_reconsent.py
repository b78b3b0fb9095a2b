"""What follows when an upstream does not take the token that there is: it is for too little, counts
no more, or is of a server that gives them no more. With two replicas."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.jwk import ECKey

from support.authorization_server import AuthorizationServer, protected_server
from support.mcp_servers import serve
from support.suite import Suite
from support.upstream_users import (
    call,
    consent,
    fetch_tools,
    gateway_of_users,
    page_in,
    replicas,
)
from support.wait import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

REPLY = {"mcpgateway.consent": {"action": "accept"}}


async def test_a_tool_that_wants_more_has_its_user_asked_for_all_that_there_is_to_consent_to(
    suite: Suite,
) -> None:
    async with gateway_of_users(suite, "stepped") as (upstream, id, tool):
        server = upstream.server
        server.basic, server.wants = "basic", "tools:write"
        await fetch_tools(suite, id)
        page = page_in(await call(suite, tool, suite.token))
        done = await consent(suite, page, suite.token)
        assert done.status_code == 200, done.text
        asked = [each["scope"].split() for each in server.seen if "response_type" in each]
        assert asked == [["basic"], ["basic", "tools:write"]]
        for address in await replicas(suite):
            answered = await call(suite, tool, suite.token, address, inputResponses=REPLY)
            assert answered["result"]["content"][0]["text"] == "hi", answered


async def test_who_consented_in_vain_is_not_asked_again_and_again(suite: Suite) -> None:
    async with gateway_of_users(suite, "vain") as (upstream, id, tool):
        upstream.server.wants, upstream.server.grants = "tools:write", "basic"
        await fetch_tools(suite, id)
        page = page_in(await call(suite, tool, suite.token))
        assert (await consent(suite, page, suite.token)).status_code == 200
        refused = await call(suite, tool, suite.token, inputResponses=REPLY)
        assert "403" in refused["error"]["message"]


async def test_a_token_that_its_upstream_takes_no_more_has_its_user_asked_anew(
    suite: Suite,
) -> None:
    async with gateway_of_users(suite, "forgotten") as (upstream, id, tool):
        await fetch_tools(suite, id)
        upstream.server.tokens.clear()
        page = page_in(await call(suite, tool, suite.token))
        assert (await consent(suite, page, suite.token)).status_code == 200
        answered = await call(suite, tool, suite.token, inputResponses=REPLY)
        assert answered["result"]["content"][0]["text"] == "hi", answered


async def test_another_authorization_server_gets_neither_refresh_tokens_nor_the_client_of_the_first(
    suite: Suite,
) -> None:
    other = AuthorizationServer()
    async with (
        serve(other.app()) as other.issuer,
        gateway_of_users(suite, "moved") as (upstream, id, tool),
    ):
        upstream.server.expires_in = 4
        await fetch_tools(suite, id)
        upstream.server.named = other.issuer

        async def asked() -> bool:
            found = await call(suite, tool, suite.token)
            return bool(found.get("result", {}).get("resultType") == "input_required")

        await until(asked, "the user is asked anew")
        assert other.seen == []
        begun = await consent(suite, page_in(await call(suite, tool, suite.token)), suite.token)
        assert begun.status_code == 200, begun.text
        assert not set(other.clients) & set(upstream.server.clients)
        assert {each["client_id"] for each in other.seen if "code_challenge" in each} == set(
            other.clients
        )
        assert next(iter(other.clients.values()))["application_type"] == "web"


async def test_a_client_that_signs_shows_no_secret(suite: Suite) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    async with protected_server() as upstream:
        upstream.server.key = ECKey.import_key(key.public_key())
        config = {
            "grant_type": "client_credentials",
            "client_id": "signer",
            "issuer": upstream.server.issuer,
            "token_endpoint_auth_method": "private_key_jwt",
            "private_key": pem,
        }
        made = await suite.register("signed", upstream.url, oauth_config=config)
        assert made["oauthConfig"]["private_key"] == "*****"

        async def served() -> bool:
            return "result" in await call(suite, "signed-echo", suite.token)

        await until(served, "the token for all is at the replicas")
        assert set(upstream.callers) == {"client signer"}
