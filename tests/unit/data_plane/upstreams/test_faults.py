"""What is read from an upstream's refusal of a token."""

import pytest

from mcpgateway.data_plane.upstreams.faults import Refusal, TokenRefused, refused

MORE = 'Bearer error="insufficient_scope", scope="a b", resource_metadata="https://x"'


def wanted(status: int, challenge: str) -> tuple[str, ...] | None:
    """None: it is not about the token."""
    error = refused("up", Refusal(status, challenge=challenge))
    return error.scopes if isinstance(error, TokenRefused) else None


@pytest.mark.parametrize(
    ("status", "challenge", "scopes"),
    [
        (403, MORE, ("a", "b")),
        (403, 'Bearer scope="a", error=insufficient_scope', ("a",)),
        (403, 'Bearer error="insufficient_scope"', None),
        (403, 'Bearer scope="a", error="invalid_request"', None),
        (403, "", None),
        (401, "", ()),
        (401, MORE, ()),
        (400, MORE, None),
        (500, MORE, None),
    ],
)
def test_a_refusal_says_whether_the_token_is_to_blame_and_what_it_lacks(
    status: int, challenge: str, scopes: tuple[str, ...] | None
) -> None:
    assert wanted(status, challenge) == scopes


def test_an_endless_list_of_scopes_is_cut() -> None:
    names = " ".join(str(number) for number in range(500))
    found = wanted(403, f'Bearer error="insufficient_scope", scope="{names}"')
    assert found is not None
    assert len(found) == 100
