"""Tokens of a login verify as those of the command line do, and only for what they are."""

from datetime import UTC, datetime

import pytest

from mcpgateway.common.errors import Unauthenticated
from mcpgateway.common.tokens import verify_any
from mcpgateway.control_plane.identity.tokens import Issuer, trusted
from support.control_plane import settings

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_an_issued_token_names_its_user_until_it_expires() -> None:
    chosen = settings(token_minutes=5)
    issuer = Issuer(chosen)
    token = issuer.issue("ann@example.com", NOW, bytes(16))
    claims, _ = verify_any(token, trusted(chosen), NOW.timestamp())

    assert (claims.subject, claims.jti) == ("ann@example.com", "0" * 32)
    assert issuer.lifetime == 300
    assert claims.expires == NOW.timestamp() + 300
    with pytest.raises(Unauthenticated, match="expired"):
        verify_any(token, trusted(chosen), NOW.timestamp() + 300)


@pytest.mark.parametrize("changed", ["encryption_secret", "cluster"])
def test_a_token_of_another_cluster_or_secret_is_none_of_ours(changed: str) -> None:
    other = settings(**{changed: "another-secret-that-is-long-enough"})
    token = Issuer(other).issue("ann@example.com", NOW, bytes(16))
    with pytest.raises(Unauthenticated, match="signature"):
        verify_any(token, trusted(settings()), NOW.timestamp())


def test_a_login_of_before_the_secret_changed_holds_while_the_former_secret_is_accepted() -> None:
    new = "another-secret-that-is-long-enough"
    token = Issuer(settings()).issue("ann@example.com", NOW, bytes(16))
    former = settings().encryption_secret
    after = settings(encryption_secret=new, accepted_secrets=(former,))
    assert verify_any(token, trusted(after), NOW.timestamp())[0].subject
    ended = settings(encryption_secret=new)
    with pytest.raises(Unauthenticated, match="signature"):
        verify_any(token, trusted(ended), NOW.timestamp())


def test_keys_have_the_same_ids_before_and_after_the_secret_changed() -> None:
    new, former = "another-secret-that-is-long-enough", settings().encryption_secret
    before, after = (
        settings(accepted_secrets=(new,)),
        settings(encryption_secret=new, accepted_secrets=(former,)),
    )
    ids = [{key.kid for key, _ in trusted(each)} for each in (before, after)]
    assert ids[0] == ids[1]
    assert len(ids[0]) == 3
