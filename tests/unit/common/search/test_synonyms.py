"""Words that are used for one another find one another, both ways."""

from mcpgateway.common.search.synonyms import SYNONYMS
from mcpgateway.common.search.words import words


def test_it_goes_both_ways() -> None:
    assert all(word in SYNONYMS[other] for word, others in SYNONYMS.items() for other in others)


def test_no_word_is_its_own() -> None:
    assert all(word not in others for word, others in SYNONYMS.items())


def test_they_are_kept_as_the_index_has_words() -> None:
    (remove,), (deletion,) = words("removing"), words("deletion")
    assert deletion in SYNONYMS[remove]
