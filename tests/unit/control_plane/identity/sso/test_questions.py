"""What is asked of GitHub, Microsoft Graph and Keycloak with the tokens that they gave."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from mcpgateway.common.errors import Unauthenticated, UpstreamRejected, UpstreamTimeout
from mcpgateway.control_plane.identity.sso import metadata
from mcpgateway.control_plane.identity.sso.outside import MAX_ANSWER, Outside, lifetime
from mcpgateway.control_plane.identity.sso.questions import GRAPH, Questions
from mcpgateway.control_plane.registry.discovered.ports import Reached, Request
from mcpgateway.control_plane.registry.people.sso import Identity, Provider
from support.identity_said import provider, said

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
KEY = RSAKey.generate_key(2048, {"kid": "k", "use": "sig"})


class Web:
    """Implements ports.Reacher: JSON by URL; what is an error is raised."""

    def __init__(self, **at: Any) -> None:
        self.at: dict[str, Any] = dict(at)
        self.seen: list[Request] = []

    async def reach(self, request: Request) -> Reached:
        self.seen.append(request)
        answer = self.at.get(request.url)
        if isinstance(answer, Exception):
            raise answer
        if answer is None:
            return Reached(404, "application/json", b"{}")
        return Reached(200, "application/json", json.dumps(answer).encode())


async def who(web: Web, made: Provider, claims: dict[str, Any], access: str = "a") -> Identity:
    document = {} if made.preset == "github" else said(made.preset)["discovery"]
    endpoints = metadata.endpoints(made, document)
    web.at[endpoints.jwks] = {"keys": [KEY.as_dict(private=False)]}
    now = round(NOW.timestamp())
    times = {"iat": now, "exp": now + 60, "nonce": "n"}
    given = {name: value for name, value in claims.items() if name != "at_hash"}
    token = jwt.encode({"alg": "RS256", "kid": "k"}, {**given, **times}, KEY)
    outside = Outside(web, lambda: NOW)
    tokens = {"access_token": access, "id_token": token}
    return await Questions(outside, lambda: NOW).who(made, endpoints, tokens, "n")


@pytest.mark.parametrize(
    "kind", ["google", "entra", "adfs", "okta", "ibm_verify", "keycloak", "oidc"]
)
async def test_an_id_token_of_every_preset_lets_somebody_in(kind: Any) -> None:
    told = said(kind)
    web = Web(**{told["discovery"]["userinfo_endpoint"]: told.get("userinfo")})
    found = await who(web, provider(kind), told["id_token"])
    assert found.email.startswith("anna@")
    assert found.verified


async def test_github_is_asked_three_times_by_the_token() -> None:
    told, base = said("github"), "https://api.github.com/user"
    web = Web(**{base: told["user"], f"{base}/emails?per_page=100": told["emails"]})
    web.at[f"{base}/orgs?per_page=100"] = told["organizations"]
    found = await who(web, provider("github"), {}, "gho_x")
    assert found.email == "octocat@example.com"
    assert {("authorization", "Bearer gho_x")} == {
        line for each in web.seen for line in each.headers if line[0] == "authorization"
    }


async def test_groups_too_many_for_a_token_are_asked_of_graph_and_not_of_what_it_names() -> None:
    told = said("entra")
    told["overage"]["_claim_sources"]["src1"]["endpoint"] = "https://evil.example/groups"
    web = Web(**{GRAPH: told["graph"]})
    found = await who(web, provider("entra"), told["overage"])
    assert found.groups == frozenset(told["graph"]["value"])
    assert [each.url for each in web.seen][-1] == GRAPH
    limited = await who(web, provider("entra", graph_groups=1), told["overage"])
    assert limited.groups == frozenset({told["graph"]["value"][0]})


@pytest.mark.parametrize("answer", [None, {"value": "x"}, [], UpstreamTimeout("late")])
async def test_groups_stay_unknown_when_graph_does_not_tell(answer: Any) -> None:
    found = await who(Web(**{GRAPH: answer}), provider("entra"), said("entra")["overage"])
    assert found.groups is None
    off = provider("entra", graph=False)
    assert (await who(Web(), off, said("entra")["overage"])).groups is None


async def test_keycloaks_roles_are_of_an_access_token_that_it_signed_for_this_realm() -> None:
    told = said("keycloak")
    web = Web(**{told["discovery"]["userinfo_endpoint"]: told["userinfo"]})
    claims, made = told["id_token"], provider("keycloak")
    forged = RSAKey.generate_key(2048)
    for key, change, given in (
        (KEY, {}, True),
        (forged, {}, False),
        (KEY, {"iss": "https://sso.example.com/realms/other"}, False),
    ):
        header = {"alg": "RS256", "kid": "k"}
        access = jwt.encode(header, told["access_token"] | change, key)
        found = await who(web, made, claims, access)
        assert found.groups is not None
        assert ("tool-user" in found.groups) is given


async def test_an_answer_without_an_id_token_names_the_scope() -> None:
    endpoints = metadata.endpoints(provider("oidc"), said("oidc")["discovery"])
    questions = Questions(Outside(Web(), lambda: NOW), lambda: NOW)
    with pytest.raises(Unauthenticated, match="openid"):
        await questions.who(provider("oidc"), endpoints, {"access_token": "a"}, "n")


async def test_an_answer_over_the_limit_is_refused() -> None:
    web = Web(**{"https://x.example": {"a": "x" * MAX_ANSWER}})
    with pytest.raises(UpstreamRejected, match="over"):
        await Outside(web, lambda: NOW).document("https://x.example")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("", 600),
        ("public, max-age=900, must-revalidate", 900),
        ("max-age=1", 60),
        ("max-age=999999999999", 3600),
        ("max-age=x", 600),
        ("no-store", 600),
    ],
)
def test_documents_are_kept_as_they_say_within_bounds(header: str, seconds: float) -> None:
    assert lifetime(header) == seconds
