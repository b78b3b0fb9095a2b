"""Texts as words that can be compared: cut, folded, stemmed.

Names of tools are texts too: `listPullRequests`, `list_pull_requests` and "List pull requests" are
the same words. Stems are made for English by a few rules, which is enough to find `deletion` by
"deleting". Of scripts without spaces every pair of neighbours is a word. Nothing here knows what
words mean (`synonyms`).
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

LONGEST = 40  # characters of a word that count

_RUN = re.compile(r"[^\W_]+")
_ASCII = re.compile(
    r"[A-Za-z]{1,3}\d+(?:[a-z](?![a-z]))?"  # k8s, S3, EC2
    r"|[A-Z]{2,}s(?![a-z])"  # PRs
    r"|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+"
)
_UNSPACED = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"  # kana, Han, Hangul
_OTHER = re.compile(f"([{_UNSPACED}]+)|[^{_UNSPACED}]+")
_VOWEL = re.compile("[aeiouy]")

STOPPED = frozenset(
    re.findall(
        "[a-z]+",
        "a about an and any are as at be been but by can could did do does for from give given has"
        " have how i if in into is it its like me my need of on or our out please should so some"
        " tell than that the their them then there these they this those to up us via want was we"
        " what when where whether which who whom whose will with would you your",
    )
)
"""Words that say nothing of what a tool is for."""


def words(text: str) -> list[str]:
    """The stems of the words of a text, in order, without those that say nothing.

    >>> words("listPullRequests"), words("Deleting the files")
    (['list', 'pull', 'request'], ['delet', 'fil'])
    """
    found: list[str] = []
    for run in _RUN.findall(text):
        if run.isascii():
            parts = [each.lower() for each in _ASCII.findall(run)]
            found += [stem(each[:LONGEST]) for each in parts if each not in STOPPED]
            if len(parts) == 2 and parts[0].isalpha() and parts[1].isalpha():
                found.append(stem(run.lower()[:LONGEST]))  # GitHub, SQLite: names, not two words
        else:
            found += _foreign(run)
    return found


def _foreign(run: str) -> Iterator[str]:
    """Words that are not all ASCII are left whole."""
    for part in _OTHER.finditer(run):
        folded = part[0].casefold()
        if part[1] is None:
            yield folded[:LONGEST]
        else:
            yield from [a + b for a, b in pairwise(folded)] or [folded]


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """What is left of a lower-case word without its ending.

    >>> [stem(each) for each in ("creates", "creating", "creation", "queries", "status")]
    ['creat', 'creat', 'creat', 'query', 'status']
    """
    if len(word) < 3 or not (word.isascii() and word.isalpha()):
        return word
    word = _singular(word)
    if len(word) < 4:
        return word
    return _of_verb(word) or _of_noun(word) or _bare(word)


def _of_verb(word: str) -> str:
    """Without `ing` or `ed`; empty where it has neither."""
    for ending in ("ing", "ed"):
        bare = word.removesuffix(ending)
        if bare != word and len(bare) > 2 and _VOWEL.search(bare):
            return _bare(bare)
    return ""


def _of_noun(word: str) -> str:
    """What it is made of; empty where that is not plain."""
    if word.endswith("bility"):
        return word[:-5] + "l"  # availability, available
    if word.endswith("ification"):
        return word[:-7] + "y"
    if word.endswith(("tion", "sion")) and len(word) > 5:
        return word[:-3]
    return ""


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _bare(word: str) -> str:
    """Without the `e` or the doubled consonant that an ending makes come and go."""
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiouls":
        return word[:-1]
    return word[:-1] if len(word) > 3 and word.endswith("e") else word
