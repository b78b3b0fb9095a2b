"""As whom upstreams are called, with two replicas and upstreams that believe nothing but the tokens
of an authorization server."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from support.authorization_server import SECRET, protected_server
from support.suite import Suite
from support.upstream_users import call, consent, fetch_tools, gateway_of_users, replicas, user
from support.wait import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_client_credentials_are_fetched_for_discovery_and_for_all_calls(suite: Suite) -> None:
    async with protected_server() as upstream:
        config = {
            "grant_type": "client_credentials",
            "client_id": "gateway",
            "client_secret": SECRET,
            "issuer": upstream.server.issuer,
        }
        made = await suite.register("machine", upstream.url, oauth_config=config)
        assert made["toolCount"] > 0
        assert SECRET not in str(made)
        assert made["oauthConfig"]["client_secret"] == "*****"
        found = await call(suite, "machine-echo", suite.token)
        assert found["result"]["content"][0]["text"] == "hi"
        assert set(upstream.callers) == {"client gateway"}
        asked = [each for each in upstream.server.seen if "grant_type" in each]
        assert {each["resource"] for each in asked} == {upstream.url}


async def test_a_call_without_consent_shows_a_page_and_works_right_after_on_each_replica(
    suite: Suite,
) -> None:
    async with gateway_of_users(suite, "mine") as (upstream, id, tool):
        await fetch_tools(suite, id)
        someone = await user(suite, "someone@example.com")
        addresses = await replicas(suite)
        assert len(addresses) == 2
        asked: dict[str, Any] = {}
        for address in addresses:
            asked = await call(suite, tool, someone, address)
            assert asked["result"]["resultType"] == "input_required", asked
        question = asked["result"]["inputRequests"]["mcpgateway.consent"]
        assert question["params"]["mode"] == "url"
        upstream.server.user = "someone at the server"
        done = await consent(suite, question["params"]["url"], someone)
        assert done.status_code == 200, done.text
        reply = {"inputResponses": {"mcpgateway.consent": {"action": "accept"}}}
        for address in addresses:
            answered = await call(suite, tool, someone, address, **reply)
            assert answered["result"]["content"][0]["text"] == "hi", answered
            assert upstream.callers[-1] == "someone at the server"
            assert someone not in str(upstream.headers[-1])
        await call(suite, tool, suite.token)
        assert upstream.callers[-1] == "somebody"


async def test_a_consent_is_nobody_elses_and_is_used_once(suite: Suite) -> None:
    async with gateway_of_users(suite, "guarded") as (_, id, tool):
        await fetch_tools(suite, id)
        victim = await user(suite, "victim@example.com")
        attacker = await user(suite, "attacker@example.com")
        asked = await call(suite, tool, victim)
        link = asked["result"]["inputRequests"]["mcpgateway.consent"]["params"]["url"]
        place = urlsplit(link)
        async with suite.stranger(headers={"Authorization": f"Bearer {attacker}"}) as browser:
            refused = await browser.get(f"{place.path}?{place.query}")
            assert refused.status_code == 403
            begun = await browser.get(place.path)
            async with httpx2.AsyncClient() as outside:
                there = await outside.get(begun.headers["location"])
            back = urlsplit(there.headers["location"])
        callback = f"{back.path}?{back.query}"
        async with suite.stranger() as elsewhere:
            stolen = await elsewhere.get(callback)
            assert stolen.status_code == 403
            assert "another browser" in stolen.text
            again = await elsewhere.get(callback)
            assert again.status_code == 400
        assert (await call(suite, tool, victim))["result"]["resultType"] == "input_required"
        assert "code" not in parse_qs(place.query)


@pytest.mark.parametrize(
    ("iss", "says"), [("https://evil.example", "was asked"), (None, "missing")]
)
async def test_an_answer_of_another_issuer_is_refused(
    suite: Suite, iss: str | None, says: str
) -> None:
    name = "mixed" if iss else "silent"
    async with gateway_of_users(suite, name) as (upstream, id, _):
        upstream.server.iss = iss
        done = await consent(suite, f"/oauth/authorize/{id}", suite.token)
        assert done.status_code == 403
        assert says in done.text
        assert not [each for each in upstream.server.seen if "grant_type" in each]


async def test_metadata_of_another_issuer_is_not_believed(suite: Suite) -> None:
    async with gateway_of_users(suite, "posing") as (upstream, id, _):
        upstream.server.claims_issuer = upstream.server.issuer + "/"
        async with suite.http() as http:
            refused = await http.get(f"/oauth/authorize/{id}")
        assert refused.status_code == 502
        assert "another issuer" in refused.text


async def test_what_a_token_endpoint_repeats_of_secrets_goes_no_further(suite: Suite) -> None:
    async with protected_server() as upstream:
        upstream.server.refuses = "invalid_client"
        config = {
            "grant_type": "password",
            "client_id": "gateway",
            "client_secret": SECRET,
            "username": "u",
            "password": "pass-of-u",
            "issuer": upstream.server.issuer,
        }
        body = {"name": "leaky", "url": upstream.url, "oauth_config": config}
        async with suite.http() as http:
            refused = await http.post("/gateways", json=body)
        assert refused.status_code == 502
        assert "invalid_client" in refused.text
        assert "pass-of-u" not in refused.text
        assert SECRET not in "\n".join(suite.output)


async def test_a_withdrawn_consent_stops_the_next_call(suite: Suite) -> None:
    async with gateway_of_users(suite, "short") as (_, id, tool):
        await fetch_tools(suite, id)
        assert "content" in (await call(suite, tool, suite.token))["result"]
        async with suite.http() as http:
            assert (await http.delete(f"/oauth/tokens/{id}")).status_code == 204
        for address in await replicas(suite):
            asked = await call(suite, tool, suite.token, address)
            assert asked["result"]["resultType"] == "input_required"


async def test_a_clients_own_authorization_takes_the_place_of_a_consent(suite: Suite) -> None:
    async with gateway_of_users(suite, "brought") as (upstream, id, tool):
        await fetch_tools(suite, id)
        async with suite.http() as http:
            await http.delete(f"/oauth/tokens/{id}")
        upstream.server.tokens["own-token"] = "who brought it"
        headers = {
            "X-Upstream-Authorization": "Bearer own-token",
            "Accept": "application/json, text/event-stream",
        }
        body = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": tool, "arguments": {"text": "hi"}},
        }
        async with suite.http() as http:
            answer = await http.post("/mcp", json=body, headers=headers)
        assert "hi" in answer.text, answer.text
        assert upstream.callers[-1] == "who brought it"
        assert "x-upstream-authorization" not in upstream.headers[-1]


async def test_a_token_is_renewed_ahead_of_its_end_and_its_refresh_token_used_once(
    suite: Suite,
) -> None:
    async with gateway_of_users(suite, "brief") as (upstream, id, tool):
        upstream.server.expires_in = 4
        await fetch_tools(suite, id)

        def renewed() -> bool:
            return sum(each.get("grant_type") == "refresh_token" for each in server.seen) >= 2

        server = upstream.server
        await until(renewed, "the token was renewed twice")
        used = [each["refresh_token"] for each in server.seen if "refresh_token" in each]
        assert len(used) == len(set(used))
        server.expires_in = 3600  # one of four seconds may end under the call

        async def answers() -> bool:
            answered = await call(suite, tool, suite.token)
            return "result" in answered and answered["result"]["content"][0]["text"] == "hi"

        await until(answers, "a renewed token counts")


async def test_a_refused_refresh_asks_the_user_anew(suite: Suite) -> None:
    async with gateway_of_users(suite, "ended") as (upstream, id, tool):
        upstream.server.expires_in = 4
        await fetch_tools(suite, id)
        upstream.server.refuses = "invalid_grant"

        async def asked() -> bool:
            found = await call(suite, tool, suite.token)
            return bool(found.get("result", {}).get("resultType") == "input_required")

        await until(asked, "the user is asked anew")


async def test_a_stored_token_of_a_user_is_sent_with_his_calls_alone(suite: Suite) -> None:
    async with protected_server() as upstream:
        upstream.server.tokens["a-personal-token"] = "the person"
        made = await suite.register("locker", upstream.url, auth_type="vault")
        async with suite.http() as http:
            kept = await http.put(f"/vault/{made['id']}", json={"token": "a-personal-token"})
            assert kept.status_code == 204, kept.text
            fetched = await http.post(f"/gateways/{made['id']}/tools/refresh?wait=applied")
            assert fetched.json()["toolsAdded"] > 0, fetched.text
        answered = await call(suite, "locker-echo", suite.token)
        assert answered["result"]["content"][0]["text"] == "hi", answered
        assert upstream.callers[-1] == "the person"
        other = await user(suite, "other@example.com")
        asked = await call(suite, "locker-echo", other)
        page = asked["result"]["inputRequests"]["mcpgateway.consent"]["params"]["url"]
        assert "/vault/authorize/" in page
        assert "a-personal-token" not in "\n".join(suite.output)


async def test_a_callers_token_is_exchanged_for_one_of_the_upstream(suite: Suite) -> None:
    async with protected_server() as upstream:
        config = {
            "grant_type": "token_exchange",
            "client_id": "gateway",
            "client_secret": SECRET,
            "token_url": upstream.server.issuer + "/token",
        }
        made = await suite.register("traded", upstream.url, oauth_config=config)
        upstream.server.tokens["first"] = "whoever looks first"
        async with suite.http() as http:
            changed = await http.put(
                f"/gateways/{made['id']}?wait=applied",
                json={"auth_type": "bearer", "auth_token": "first"},
            )
            assert changed.status_code == 200, changed.text
            back = await http.put(
                f"/gateways/{made['id']}?wait=applied",
                json={"auth_type": "oauth", "oauth_config": config},
            )
            assert back.status_code == 200, back.text
        answered = await call(suite, "traded-echo", suite.token)
        assert answered["result"]["content"][0]["text"] == "hi", answered
        assert upstream.callers[-1] == "exchanged"
        shown = [each for each in upstream.server.seen if "subject_token" in each]
        assert [each["subject_token"] for each in shown] == [suite.token]
        await call(suite, "traded-echo", suite.token, (await replicas(suite))[1])
        assert len([each for each in upstream.server.seen if "subject_token" in each]) == 1


async def test_callers_are_named_to_an_upstream_that_is_to_know_them(suite: Suite) -> None:
    async with protected_server() as upstream:
        upstream.server.tokens["fixed"] = "the gateway"
        await suite.register(
            "knowing",
            upstream.url,
            auth_type="bearer",
            auth_token="fixed",
            identity_propagation={"enabled": True, "headers_prefix": "X-Caller"},
            passthrough_headers=["X-Caller-Id"],
        )
        someone = await user(suite, "named@example.com")
        await call(suite, "knowing-echo", someone)
        assert upstream.headers[-1]["x-caller-id"] == "named@example.com"
        headers = {
            "X-Caller-Id": "admin@example.com",
            "Accept": "application/json, text/event-stream",
        }
        body = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": "knowing-echo", "arguments": {"text": "hi"}},
        }
        headers["Authorization"] = f"Bearer {someone}"
        async with suite.stranger(headers=headers) as http:
            await http.post("/mcp", json=body)
        assert upstream.headers[-1]["x-caller-id"] == "named@example.com"


async def test_what_all_upstreams_are_passed_is_set_by_the_api_and_read_back(suite: Suite) -> None:
    path = "/admin/config/passthrough-headers"
    async with suite.http() as http:
        put = await http.put(path, json={"passthrough_headers": ["X-Tenant"]})
        assert put.json() == {"passthrough_headers": ["X-Tenant"]}
        assert (await http.get(path)).json() == put.json()
        refused = await http.put(path, json={"passthrough_headers": ["Authorization"]})
        assert refused.status_code == 422
    someone = await user(suite, "curious@example.com")
    async with suite.stranger(headers={"Authorization": f"Bearer {someone}"}) as http:
        assert (await http.get(path)).status_code == 403
        assert (await http.get("/oauth/registered-clients")).status_code == 403


async def test_a_credential_in_the_query_string_is_refused_unless_it_is_allowed(
    suite: Suite,
) -> None:
    body = {
        "name": "queried",
        "url": "http://127.0.0.1:9/mcp",
        "auth_type": "query_param",
        "auth_query_param_key": "key",
        "auth_query_param_value": "hidden-value",
    }
    async with suite.http() as http:
        refused = await http.post("/gateways", json=body)
    assert refused.status_code == 422
    assert "INSECURE_ALLOW_QUERYPARAM_AUTH" in refused.text
    assert "hidden-value" not in refused.text


async def test_the_page_for_a_token_takes_none_without_its_session(suite: Suite) -> None:
    async with protected_server() as upstream:
        made = await suite.register("paged", upstream.url, auth_type="vault")
        path = f"/vault/authorize/{made['id']}"
        async with suite.stranger(headers={"Accept": "text/html"}) as browser:
            sent = await browser.get(path)
            assert sent.status_code == 303
            assert sent.headers["location"].startswith("/admin/login?next=%2Fvault%2Fauthorize")
            stranger = await browser.post(path, data={"token": "x", "csrf": ""})
            assert stranger.status_code == 401
        async with suite.http() as http:
            forged = await http.post(path, data={"token": "x", "csrf": ""})
            assert forged.status_code == 403
            assert "CSRF" in forged.text
