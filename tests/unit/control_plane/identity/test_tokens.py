"""Tokens of a login verify as those of the command line do, and only for what they are."""

from datetime import UTC, datetime

import pytest

from mcpgateway.common.errors import Unauthenticated
from mcpgateway.common.tokens import verify
from mcpgateway.control_plane.identity.tokens import Issuer, rules, verify_keys
from support.control_plane import settings

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_an_issued_token_names_its_user_until_it_expires() -> None:
    chosen = settings(token_minutes=5)
    issuer = Issuer(chosen)
    token = issuer.issue("ann@example.com", NOW, bytes(16))
    claims = verify(token, verify_keys(chosen), rules(chosen), NOW.timestamp())

    assert (claims.subject, claims.jti) == ("ann@example.com", "0" * 32)
    assert issuer.lifetime == 300
    assert claims.expires == NOW.timestamp() + 300
    with pytest.raises(Unauthenticated, match="expired"):
        verify(token, verify_keys(chosen), rules(chosen), NOW.timestamp() + 300)


@pytest.mark.parametrize("changed", ["encryption_secret", "cluster"])
def test_a_token_of_another_cluster_or_secret_is_none_of_ours(changed: str) -> None:
    other = settings(**{changed: "another-secret-that-is-long-enough"})
    token = Issuer(other).issue("ann@example.com", NOW, bytes(16))
    with pytest.raises(Unauthenticated, match="signature"):
        verify(token, verify_keys(settings()), rules(settings()), NOW.timestamp())


def test_a_login_of_before_the_secret_changed_holds_while_the_former_secret_is_accepted() -> None:
    new = "another-secret-that-is-long-enough"
    token = Issuer(settings()).issue("ann@example.com", NOW, bytes(16))
    former = settings().encryption_secret
    after = settings(encryption_secret=new, accepted_secrets=(former,))
    assert verify(token, verify_keys(after), rules(after), NOW.timestamp()).subject
    ended = settings(encryption_secret=new)
    with pytest.raises(Unauthenticated, match="signature"):
        verify(token, verify_keys(ended), rules(ended), NOW.timestamp())


def test_keys_have_the_same_ids_before_and_after_the_secret_changed() -> None:
    new, former = "another-secret-that-is-long-enough", settings().encryption_secret
    before, after = (
        settings(accepted_secrets=(new,)),
        settings(encryption_secret=new, accepted_secrets=(former,)),
    )
    ids = [{key.kid for key in verify_keys(each)} for each in (before, after)]
    assert ids[0] == ids[1]
    assert len(ids[0]) == 3
