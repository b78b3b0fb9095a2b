"""What a password must be: long, nothing that others guess, and what the operator adds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.errors import InvalidCall
from mcpgateway.control_plane.identity.accounts.password_policy import PasswordPolicy
from mcpgateway.control_plane.identity.accounts.passwords import MAX_PASSWORD

ANN = "annabel@example.com"


def problems(policy: PasswordPolicy, password: str, *, admin: bool = False) -> str:
    return "; ".join(policy.problems(password, ANN, admin=admin))


def test_length_is_what_counts() -> None:
    policy = PasswordPolicy()
    assert "at least 12" in problems(policy, "x7Q!pL0#zzz")
    assert problems(policy, "a few plain words") == ""
    assert "at least 15" in problems(policy, "four words or", admin=True)


@pytest.mark.parametrize(
    "guess", ["changeme", "Password1234!!", "annabel@example.com", "annabel2026", "123456789012345"]
)
def test_what_others_guess_is_refused_however_long(guess: str) -> None:
    assert "guess" in problems(PasswordPolicy(least=1), guess)


@pytest.mark.parametrize(
    ("rule", "without", "with_it"),
    [
        ("upper", "no capitals in here", "No capitals in here"),
        ("lower", "ONLY CAPITALS IN HERE", "ONLY CAPITALS In HERE"),
        ("digit", "no digits in here", "1 digit is in here"),
        ("special", "letters1only2and3digits", "letters, not only"),
    ],
)
def test_kinds_of_characters_are_asked_for_only_where_the_operator_says_so(
    rule: str, without: str, with_it: str
) -> None:
    strict = PasswordPolicy()._replace(**{rule: True})
    assert problems(PasswordPolicy(), without) == ""
    assert "needs" in problems(strict, without)
    assert problems(strict, with_it) == ""


@given(st.text(alphabet=st.characters(codec="ascii"), min_size=12, max_size=29), st.booleans())
def test_a_refusal_never_shows_the_password(password: str, admin: bool) -> None:
    policy = PasswordPolicy(least=30, least_admin=30, upper=True, digit=True)
    with pytest.raises(InvalidCall) as error:
        policy.check(password, ANN, admin=admin)
    assert password not in error.value.message


def test_without_a_policy_only_the_limits_of_a_request_are_left() -> None:
    off = PasswordPolicy(enabled=False)
    assert problems(off, "x") == ""
    assert "empty" in problems(off, "")
    assert str(MAX_PASSWORD) in problems(off, "x" * (MAX_PASSWORD + 1))
