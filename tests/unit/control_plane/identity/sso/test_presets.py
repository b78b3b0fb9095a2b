"""What a provider may be called, and who its access tokens are of."""

from typing import Any

import pytest

from mcpgateway.control_plane.identity.sso.presets import id_problem, subject_claims
from support.identity_said import provider


@pytest.mark.parametrize("id", ["manual", "default", "", "-a", "A", "a/b", "a" * 65, "a\n"])
def test_ids_that_mean_something_else_or_break_paths_are_refused(id: str) -> None:
    assert id_problem(id)
    assert id_problem("corp-login_2") is None


@pytest.mark.parametrize(
    ("kind", "claims"),
    [
        ("oidc", ("email",)),
        ("keycloak", ("mail",)),
        ("entra", ("upn", "preferred_username")),
        ("okta", ("email", "sub")),
    ],
)
def test_an_access_token_is_of_whom_these_claims_name(kind: Any, claims: tuple[str, ...]) -> None:
    made = provider(kind, email_claim="mail" if kind == "keycloak" else "email")
    assert subject_claims(made) == claims
