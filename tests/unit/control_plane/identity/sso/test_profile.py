"""Who somebody is, of what each provider says."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.errors import Unauthenticated
from mcpgateway.control_plane.identity.sso import profile
from mcpgateway.control_plane.registry.people.sso import Identity
from support.identity_said import provider, said


def identity(kind: Any, claims: dict[str, Any], **fields: Any) -> Identity:
    return profile.identity(provider(kind, **fields), claims)


def test_a_generic_provider_says_it_by_the_standard_claims() -> None:
    told = said("oidc")
    assert profile.needs_userinfo(provider("oidc"), told["id_token"])
    found = identity("oidc", told["userinfo"] | told["id_token"])
    groups = frozenset({"operators"})
    assert found == Identity("anna", "anna@example.com", True, "Anna Example", groups)


def test_keycloak_has_realm_roles_in_its_access_token_and_groups_as_paths() -> None:
    told = said("keycloak")
    claims = {**told["access_token"], **told["userinfo"], **told["id_token"]}
    found = identity("keycloak", claims)
    assert (found.email, found.verified) == ("anna@example.com", True)
    assert found.groups is not None
    assert {"/platform/tools", "platform/tools", "tool-user"} <= found.groups
    assert not any(":" in each for each in found.groups)


def test_keycloaks_client_roles_count_with_their_clients_name_when_they_should() -> None:
    claims = said("keycloak")["access_token"]
    found = identity("keycloak", claims, client_roles=True, realm_roles=False)
    assert found.groups is not None
    assert "mcp-gateway:operator" in found.groups
    assert "tool-user" not in found.groups


def test_google_speaks_for_gmail_and_for_domains_that_it_hosts_only() -> None:
    claims = said("google")["id_token"]
    found = identity("google", claims)
    assert (found.email, found.verified, found.domain) == ("anna@example.com", True, "example.com")
    del claims["hd"]
    assert not identity("google", claims).verified
    assert identity("google", claims | {"email": "anna@gmail.com"}).verified
    assert not identity(
        "google", claims | {"email": "a@gmail.com", "email_verified": False}
    ).verified


def test_github_is_believed_of_the_primary_address_and_not_of_the_profiles() -> None:
    told = said("github")
    found = profile.github(told["user"], told["emails"], told["organizations"])
    orgs = frozenset({"Example-Inc"})
    assert found == Identity("583231", "octocat@example.com", True, "The Octocat", orgs)
    told["emails"][1]["verified"] = False
    assert not profile.github(told["user"], told["emails"], []).verified
    assert profile.github(told["user"], [], []).email == ""


@pytest.mark.parametrize("id", [None, True, "583231", 1.5])
def test_github_without_an_id_names_nobody(id: object) -> None:
    with pytest.raises(Unauthenticated, match="no id"):
        profile.github({"id": id}, [], [])


def test_entra_is_believed_of_user_names_of_its_tenant_and_not_of_the_email_claim() -> None:
    claims = said("entra")["id_token"] | {"email": "ceo@example.com"}
    found = identity("entra", claims)
    assert (found.subject, found.email) == (claims["oid"], "anna@example.com")
    assert found.verified
    assert found.groups == frozenset((*claims["groups"], "Gateway.Operator"))
    assert identity("entra", claims | {"xms_edov": True}).email == "ceo@example.com"


def test_guests_of_an_entra_tenant_have_no_verified_address() -> None:
    found = identity("entra", said("entra")["guest"])
    assert (found.email, found.verified) == ("mallory@evil.example", False)


def test_tokens_of_another_entra_tenant_verify_no_address() -> None:
    claims = said("entra")["id_token"] | {"tid": "11111111-1111-1111-1111-111111111111"}
    assert not identity("entra", claims).verified


@pytest.mark.parametrize("more", [{"hasgroups": True}, {"_claim_names": {"groups": "src1"}}])
def test_groups_that_entra_left_out_are_unknown_and_not_none(more: dict[str, Any]) -> None:
    claims = said("entra")["id_token"]
    del claims["groups"]
    assert identity("entra", claims).groups == frozenset({"Gateway.Operator"})
    assert identity("entra", claims | more).groups is None
    assert identity("entra", said("entra")["overage"]).groups is None


def test_adfs_has_the_user_principal_name_or_an_account_in_the_usual_domain() -> None:
    told = said("adfs")
    found = identity("adfs", told["id_token"])
    assert (found.email, found.verified) == ("anna@corp.example.com", True)
    assert found.groups == frozenset({"Domain Users", "Gateway Operators"})
    alone = identity("adfs", told["account_only"], default_email_domain="example.com")
    assert (alone.email, alone.verified) == ("anna@example.com", True)
    assert identity("adfs", told["account_only"]).email == ""


def test_okta_says_in_its_user_info_what_a_thin_id_token_leaves_out() -> None:
    told = said("okta")
    thin = {name: told["id_token"][name] for name in ("sub", "iss", "aud", "exp", "iat")}
    assert profile.needs_userinfo(provider("okta"), thin)
    found = identity("okta", told["userinfo"] | thin)
    assert (found.subject, found.email, found.verified) == (thin["sub"], "anna@example.com", True)
    assert found.groups == frozenset({"Everyone", "Gateway Operators"})


def test_ibm_verify_calls_groups_otherwise() -> None:
    found = identity("ibm_verify", said("ibm_verify")["id_token"])
    assert (found.subject, found.email, found.verified) == ("640001FYV2", "anna@example.com", True)
    assert found.groups == frozenset({"Gateway Operators", "developer"})


def test_a_trusted_directory_need_not_say_that_an_address_is_verified_but_may_say_it_is_not() -> (
    None
):
    claims = said("oidc")["userinfo"]
    for value, verified in ((None, True), (False, False), ("false", False), ("true", True)):
        told = claims | {"email_verified": value}
        assert identity("oidc", told, trusts_emails=True).verified is verified
    del claims["email_verified"]
    assert not identity("oidc", claims).verified


def test_user_info_verifies_the_address_that_it_names_and_no_other() -> None:
    made, claims = provider("oidc"), {"sub": "1", "email": "ceo@example.com", "groups": []}
    assert profile.needs_userinfo(made, claims)
    own = {"sub": "1", "email": "mallory@example.com", "email_verified": True}
    assert not identity("oidc", profile.with_userinfo(made, claims, own)).verified
    same = profile.with_userinfo(made, claims, own | {"email": "ceo@example.com"})
    assert identity("oidc", same).verified


@pytest.mark.parametrize("subject", ["", None, 7, "x" * 256])
def test_claims_without_a_subject_name_nobody(subject: object) -> None:
    with pytest.raises(Unauthenticated, match="sub"):
        identity("oidc", {"sub": subject})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=8,
)
NAMES = """email email_verified groups realm_access resource_access upn unique_name hd tid oid roles
    _claim_names hasgroups name groupIds group"""
names = st.sampled_from(NAMES.split())
kinds = st.sampled_from(("oidc", "keycloak", "google", "entra", "adfs", "okta", "ibm_verify"))


@given(kinds, st.dictionaries(names, json_values))
def test_no_claims_whatever_break_it(kind: Any, claims: dict[str, Any]) -> None:
    found = identity(kind, {"sub": "1", **claims}, client_roles=True)
    assert found.email or not found.verified
    assert found.subject
