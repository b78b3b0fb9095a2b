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
