"""API tokens are made of randomness alone, and read back as they were made."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common import api_tokens

entropies = st.binary(min_size=api_tokens.ENTROPY, max_size=api_tokens.ENTROPY)


@given(entropies)
def test_what_was_made_is_read_back_and_proves_itself(entropy: bytes) -> None:
    made = api_tokens.make(entropy)
    presented = api_tokens.parse(made.text)
    assert presented is not None
    assert presented.id == made.id
    assert presented.proves(made.sha256)


@given(entropies, entropies)
def test_another_secret_proves_nothing(one: bytes, other: bytes) -> None:
    presented = api_tokens.parse(api_tokens.make(one).text)
    assert presented is not None
    assert presented.proves(api_tokens.make(other).sha256) == (one[16:] == other[16:])


def test_what_is_kept_does_not_hold_the_secret() -> None:
    made = api_tokens.make(bytes(range(api_tokens.ENTROPY)))
    secret = made.text.rpartition(f"{made.id}_")[2]
    assert len(secret) == 43
    assert secret not in made.sha256
    assert made.text == f"mcpgw_{made.id}_{secret}"


@pytest.mark.parametrize("size", [0, 32, 47, 49])
def test_too_little_and_too_much_randomness_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="needs 48 bytes"):
        api_tokens.make(bytes(size))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:-1],
        lambda text: text + "A",
        lambda text: text + "\n",
        lambda text: text.upper(),
        lambda text: text.replace("mcpgw_", "mcpgw-"),
        lambda text: " " + text,
        lambda text: text[:-1] + "=",
        lambda text: text[:6] + "\N{ARABIC-INDIC DIGIT ONE}" + text[7:],
    ],
)
def test_what_differs_in_form_is_no_token(spoil: object) -> None:
    text = api_tokens.make(bytes(api_tokens.ENTROPY)).text
    assert callable(spoil)
    assert api_tokens.parse(spoil(text)) is None


def test_a_jwt_is_not_taken_for_one() -> None:
    assert not api_tokens.is_meant("eyJhbGciOiJIUzI1NiJ9.e30.x")
    assert api_tokens.is_meant("mcpgw_broken")
