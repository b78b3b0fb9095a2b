"""What follows from groups."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.control_plane.identity.sso.groups import Place, RoleIn, wanted
from mcpgateway.control_plane.registry.people.sso import Identity, Policy
from support.identity_said import provider

WHO = Identity("1", "anna@example.com", True, "Anna", frozenset({"devs", "ops"}))


def test_mapped_groups_give_roles_and_places_and_others_nothing() -> None:
    mapping = {"devs": "developer@tools", "ops": "platform_viewer", "hr": "platform_admin"}
    made = provider("oidc", role_mappings=mapping, team_mappings={"ops": "tools:owner"})
    found = wanted(made, WHO, Policy())
    assert found.roles == {RoleIn("developer", "tools"), RoleIn("platform_viewer")}
    assert found.places == {Place("tools", "owner")}
    assert not found.admin


def test_who_is_owner_by_one_group_is_owner_whatever_the_order() -> None:
    for mapping in ({"devs": "t", "ops": "t:owner"}, {"ops": "t:owner", "devs": "t"}):
        found = wanted(provider("oidc", team_mappings=mapping), WHO, Policy())
        assert found.places == {Place("t", "owner")}


def test_the_default_role_is_of_whom_no_mapping_gives_one() -> None:
    made = provider("oidc", role_mappings={"devs": "developer@t"}, default_role="viewer@t")
    assert wanted(made, WHO, Policy()).roles == {RoleIn("developer", "t")}
    nobody = WHO._replace(groups=frozenset())
    assert wanted(made, nobody, Policy()).roles == {RoleIn("viewer", "t")}


@pytest.mark.parametrize("role", ["admin", "platform_admin"])
def test_the_administrators_role_makes_an_administrator_and_in_a_team_it_does_not(
    role: str,
) -> None:
    assert wanted(provider("oidc", role_mappings={"ops": role}), WHO, Policy()).admin
    inside = wanted(provider("oidc", role_mappings={"ops": f"{role}@t"}), WHO, Policy())
    assert not inside.admin
    assert inside.roles == {RoleIn(role, "t")}


@pytest.mark.parametrize(
    ("fields", "who", "admin"),
    [
        ({"admin_groups": ("ops",)}, WHO, True),
        ({"admin_groups": ("OPS",)}, WHO, False),
        ({"admin_domains": ("example.com",)}, WHO, True),
        ({"admin_domains": ("example.com",)}, WHO._replace(verified=False), False),
        ({"admin_domains": ("ample.com",)}, WHO, False),
    ],
)
def test_administrators_are_so_by_exact_groups_and_verified_domains(
    fields: dict[str, Any], who: Identity, admin: bool
) -> None:
    assert wanted(provider("oidc", **fields), who, Policy()).admin is admin


def test_google_domains_are_those_that_google_hosts() -> None:
    made = provider("google", admin_domains=("example.com",))
    assert not wanted(made, WHO, Policy()).admin
    assert wanted(made, WHO._replace(domain="example.com"), Policy()).admin


def test_github_organizations_are_the_same_in_any_case() -> None:
    made = provider("github", admin_groups=("example-inc",))
    assert wanted(made, WHO._replace(groups=frozenset({"Example-Inc"})), Policy()).admin


@given(st.frozensets(st.sampled_from(["a", "b", "c", "ab", "a,b", "A"])))
def test_a_group_gives_what_it_is_mapped_to_and_only_by_its_whole_name(
    groups: frozenset[str],
) -> None:
    made = provider("oidc", role_mappings={"a": "one", "b": "two"})
    found = wanted(made, WHO._replace(groups=groups), Policy())
    assert {each.role for each in found.roles} == {
        role for group, role in made.role_mappings.items() if group in groups
    }
