"""Tokens for upstreams on their way to data planes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common import seal, subjects
from mcpgateway.common.routing import upstream_tokens
from mcpgateway.common.routing.upstream_tokens import UpstreamToken

SEALER = seal.Sealer((b"k" * 32,))


@given(st.emails(), st.emails(), st.sampled_from("abcdef"))
def test_two_principals_never_have_one_key_and_no_key_shows_a_name(
    one: str, other: str, upstream: str
) -> None:
    keys = {upstream_tokens.key_of(name, upstream) for name in ("", one, other)}
    assert len(keys) == len({one, other}) + 1
    assert not any(one in key for key in keys)


def test_a_key_is_one_of_nats() -> None:
    key = upstream_tokens.key_of("a b>*@example.com", "0" * 32)
    assert set(key) <= set("0123456789abcdef.")
    assert subjects.bucket_key("TOKENS_a_b", key).count(".") == 3


def test_a_token_that_was_put_under_one_key_does_not_open_under_another() -> None:
    plain = upstream_tokens.encode(UpstreamToken((("Authorization", "Bearer x"),), 5.0))
    sealed = SEALER.seal(plain, upstream_tokens.context("c", "g", "a.u"), b"n" * 12)
    opened = SEALER.open(sealed, upstream_tokens.context("c", "g", "a.u"))
    assert upstream_tokens.decode(opened).expires == 5.0
    with pytest.raises(seal.SealError):
        SEALER.open(sealed, upstream_tokens.context("c", "g", "b.u"))
