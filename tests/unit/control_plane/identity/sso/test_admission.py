"""Whether somebody may come in, and as whom."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from mcpgateway.common.errors import Denied
from mcpgateway.control_plane.identity.sso.admission import Known, decide
from mcpgateway.control_plane.registry.people.model import User
from mcpgateway.control_plane.registry.people.sso import Identity, Link, Policy
from support.identity_said import provider

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ANNA = User(email="anna@example.com", created_at=NOW, updated_at=NOW)
WHO = Identity("1", "anna@example.com", True, "Anna", frozenset())
LINK = Link(
    provider_id="oidc", issuer="i", subject="2", email=ANNA.email, linked_at=NOW, last_login=NOW
)


def user(**changes: Any) -> User:
    return msgspec.structs.replace(ANNA, **changes)


def test_a_linked_account_enters_whatever_its_address_is_now() -> None:
    unverified = WHO._replace(email="", verified=False)
    known = Known(linked=ANNA)
    assert decide(provider("oidc"), unverified, Policy(auto_create=False), known) == "enter"


def test_somebody_new_is_made_unless_somebody_has_to_agree() -> None:
    assert decide(provider("oidc"), WHO, Policy(), Known()) == "create"
    approval = Policy(approval=True)
    assert decide(provider("oidc"), WHO, approval, Known()) == "wait"
    assert decide(provider("oidc"), WHO, approval, Known(approval="pending")) == "wait"
    assert decide(provider("oidc"), WHO, approval, Known(approval="approved")) == "create"


def test_a_user_made_for_the_provider_is_linked_at_his_first_login() -> None:
    known = Known(user=user(auth_provider="oidc"))
    assert decide(provider("oidc"), WHO, Policy(), known) == "link"


def test_a_local_user_is_linked_by_a_trusted_provider_only() -> None:
    trusted = provider("oidc", link_existing=True)
    assert decide(trusted, WHO, Policy(), Known(user=ANNA)) == "link"
    with pytest.raises(Denied, match="link_existing"):
        decide(provider("oidc"), WHO, Policy(), Known(user=ANNA))
    with pytest.raises(Denied, match="verified"):
        decide(trusted, WHO._replace(verified=False), Policy(), Known(user=ANNA))


@pytest.mark.parametrize(
    ("known", "why"),
    [
        (Known(linked=user(active=False)), "not active"),
        (Known(user=user(active=False, auth_provider="oidc")), "not active"),
        (Known(user=user(service=True, auth_provider="oidc")), "service account"),
        (Known(user=user(auth_provider="oidc"), others=(LINK,)), "another account"),
        (Known(user=user(auth_provider="google")), "already"),
    ],
)
def test_what_stands_in_the_way_is_told(known: Known, why: str) -> None:
    with pytest.raises(Denied, match=why):
        decide(provider("oidc"), WHO, Policy(), known)


@pytest.mark.parametrize(
    ("policy", "known", "why"),
    [
        (Policy(auto_create=False), Known(), "SSO_AUTO_CREATE_USERS"),
        (Policy(trusted_domains=("corp.example",)), Known(), "SSO_TRUSTED_DOMAINS"),
        (Policy(approval=True), Known(approval="rejected"), "refused"),
    ],
)
def test_what_the_settings_forbid_is_told(policy: Policy, known: Known, why: str) -> None:
    with pytest.raises(Denied, match=why):
        decide(provider("oidc"), WHO, policy, known)


def test_a_providers_own_domains_count_before_those_of_all() -> None:
    own = provider("oidc", trusted_domains=("EXAMPLE.com",))
    assert decide(own, WHO, Policy(trusted_domains=("corp.example",)), Known()) == "create"


@pytest.mark.parametrize("email", ["", "anna", "a@b@example.com", "a b@example.com", "a@localhost"])
def test_what_is_no_address_is_refused(email: str) -> None:
    with pytest.raises(Denied, match="email"):
        decide(provider("oidc"), WHO._replace(email=email), Policy(), Known())
