"""What upstreams learn of a caller: the headers that he passes, who he is, and tokens that were got
by a password or by the company's word for him."""

import hmac
import json
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from support.authorization_server import SECRET, Protected, protected_server
from support.company_identity import ID_JAG, PASSWORD, Believing, IdentityProvider
from support.mcp_servers import serve
from support.suite import Suite, running_suite
from support.upstream_users import META, call, replicas, user

pytestmark = pytest.mark.asyncio(loop_scope="module")

SIGNS = "what-both-sides-know"
PATH = "/admin/config/passthrough-headers"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def suite(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Suite]:
    environ = {"ENABLE_HEADER_PASSTHROUGH": "true", "IDENTITY_PROPAGATION_SECRET": SIGNS}
    data: Path = tmp_path_factory.mktemp("suite") / "data"
    async with running_suite(data, "--replicas", "2", environ=environ) as running:
        yield running


async def fixed(suite: Suite, upstream: Protected, name: str, **members: Any) -> str:
    """Registers it with a token that all callers share; its id."""
    upstream.server.tokens["fixed"] = "the gateway"
    auth = {"auth_type": "bearer", "auth_token": "fixed"}
    return str((await suite.register(name, upstream.url, **auth, **members))["id"])


async def passing(suite: Suite, tool: str, **headers: str) -> None:
    """One call with more headers, at each replica."""
    body = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": tool, "arguments": {"text": "hi"}},
    }
    accept = {"Accept": "application/json, text/event-stream"}
    for address in await replicas(suite):
        async with suite.of_replica(address, headers=suite.headers) as http:
            answer = await http.post("/mcp", json=body, headers={**accept, **headers})
        assert "hi" in answer.text, answer.text


async def test_headers_arrive_that_are_allowed_for_all_or_for_one_upstream_and_no_others(
    suite: Suite,
) -> None:
    async with protected_server() as plain, protected_server() as choosy:
        await fixed(suite, plain, "plain")
        await fixed(suite, choosy, "choosy", passthrough_headers=["X-Own"])
        async with suite.http() as http:
            body = {"passthrough_headers": ["X-Tenant"]}
            put = await http.put(f"{PATH}?wait=applied", json=body)
            assert put.status_code == 200, put.text
            assert put.headers["applied"] == "2/2"
        sent = {"X-Tenant": "t", "X-Own": "o", "X-Other": "no", "Cookie": "c=1"}
        for name, upstream, arrives in (
            ("plain", plain, {"x-tenant": "t"}),
            ("choosy", choosy, {"x-own": "o"}),
        ):
            await passing(suite, f"{name}-echo", **sent)
            for headers in upstream.headers[-2:]:
                watched = {k: v for k, v in headers.items() if k in {n.lower() for n in sent}}
                assert watched == arrives
                assert headers["authorization"] == "Bearer fixed"
        async with suite.http() as http:
            await http.put(f"{PATH}?wait=applied", json={"passthrough_headers": []})
        await passing(suite, "plain-echo", **sent)
        assert "x-tenant" not in plain.headers[-1]


async def test_the_one_who_calls_is_named_in_meta_signed_and_no_client_can_name_another(
    suite: Suite,
) -> None:
    async with protected_server() as upstream:
        propagation = {"enabled": True, "mode": "meta"}
        id = await fixed(suite, upstream, "knowing", identity_propagation=propagation)
        someone = await user(suite, "named@example.com")
        forged = {**META, "user": {"id": "admin@example.com"}}
        for address in await replicas(suite):
            answered = await call(suite, "knowing-echo", someone, address, _meta=forged)
            assert answered["result"]["content"][0]["text"] == "hi", answered
            told = json.loads(upstream.bodies[-1])
            said = told["params"]["_meta"]["user"]
            assert said["id"] == "named@example.com"
            assert not [name for name in upstream.headers[-1] if name.startswith("x-forwarded-u")]
            at, _, digest = said.pop("signature").removeprefix("t=").partition(",v1=")
            plain = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            text = f"{at}.{id}.{plain}".encode()
            assert hmac.new(SIGNS.encode(), text, sha256).hexdigest() == digest


async def test_an_upstream_that_is_to_know_nobody_is_told_of_nobody(suite: Suite) -> None:
    async with protected_server() as upstream:
        await fixed(suite, upstream, "unknowing")
        await call(suite, "unknowing-echo", suite.token)
        assert "user" not in json.loads(upstream.bodies[-1])["params"]["_meta"]


async def test_a_users_password_gets_a_token_for_all_callers(suite: Suite) -> None:
    async with protected_server(auth=Believing()) as upstream:
        config = {
            "grant_type": "password",
            "client_id": "gateway",
            "client_secret": SECRET,
            "username": "robot",
            "password": PASSWORD,
            "issuer": upstream.server.issuer,
        }
        made = await suite.register("worded", upstream.url, oauth_config=config)
        assert made["toolCount"] > 0
        assert PASSWORD not in str(made)
        for address in await replicas(suite):
            answered = await call(suite, "worded-echo", suite.token, address)
            assert answered["result"]["content"][0]["text"] == "hi", answered
        assert set(upstream.callers) == {"robot"}
        assert PASSWORD not in "\n".join(suite.output)


async def test_the_company_says_who_calls_and_the_upstreams_server_believes_it(
    suite: Suite,
) -> None:
    company = IdentityProvider()
    async with (
        serve(company.app()) as place,
        protected_server(auth=Believing(provider=company)) as upstream,
    ):
        company.issuer = place
        config = {
            "grant_type": "id_jag",
            "client_id": "gateway",
            "client_secret": SECRET,
            "issuer": upstream.server.issuer,
            "idp_token_url": f"{place}/token",
            "idp_client_id": "gateway-at-the-company",
            "idp_client_secret": "company-secret",
        }
        upstream.server.tokens["first"] = "whoever looks first"
        first = {"auth_type": "bearer", "auth_token": "first"}
        id = (await suite.register("vouched", upstream.url, **first))["id"]
        async with suite.http() as http:
            body = {"auth_type": "oauth", "oauth_config": config}
            changed = await http.put(f"/gateways/{id}?wait=applied", json=body)
            assert changed.status_code == 200, changed.text
        someone = await user(suite, "vouched@example.com")
        for address in await replicas(suite):
            answered = await call(suite, "vouched-echo", someone, address)
            assert answered["result"]["content"][0]["text"] == "hi", answered
        assert upstream.callers[-1] == "exchanged by the company"
        [asked] = company.seen
        assert asked["subject_token"] == someone
        assert asked["audience"] == upstream.server.issuer
        assert asked["requested_token_type"] == ID_JAG
        [shown] = [each for each in upstream.server.seen if "assertion" in each]
        assert someone not in str(shown)
        company.refuses = "access_denied"
        other = await user(suite, "unvouched@example.com")
        refused = await call(suite, "vouched-echo", other)
        assert "access_denied" in str(refused), refused
        assert "company-secret" not in "\n".join(suite.output)
