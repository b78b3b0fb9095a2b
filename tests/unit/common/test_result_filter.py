"""JSONPath and jq: what is a filter, and what comes of one."""

import pytest

from mcpgateway.common.result_filter import FilterFailed, apply, filter_problem, shown

DOCUMENT = b'{"items":[{"n":"a","p":1},{"n":"b","p":2.50}],"env":"x","text":"1\\n2"}'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$.items[0].n", b'"a"'),
        ("$.items[*].n", b'["a","b"]'),
        ("$.nothing", b"null"),
        ("$.nothing[*]", b"[]"),
        ("$['items'][?@.p > 1].n", b'["b"]'),
        (".items[0].n", b'"a"'),
        (".items[].n", b'["a","b"]'),
        ("[.items[].p]", b"[1,2.5]"),
        ("empty", b"[]"),
        (".env", b'"x"'),
        ("{env: .env}", b'{"env":"x"}'),
        (".text", b'"1\\n2"'),
    ],
)
def test_a_filter_gives_what_it_names(text: str, expected: bytes) -> None:
    assert apply(text, DOCUMENT) == expected
    assert filter_problem(text) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("  ", "is empty"),
        ("." * 5000, "characters"),
        ("$.a[", "is no JSONPath"),
        ("$.a | $.b", "is no JSONPath"),
        ("$ENV.HOME", "is no JSONPath"),
        (".a[", "is no jq program"),
        ("nothing(1)", "is no jq program"),
        ('import "a" as a; .', "files"),
        ('include "a" {search: "/etc"}; .', "files"),
        ('import #x\n "a" as $a; .', "files"),
        ("env", "environment"),
        (". + ($ENV | keys)", "environment"),
    ],
)
def test_what_is_no_filter_is_refused_with_the_reason(text: str, said: str) -> None:
    problem = filter_problem(text)
    assert problem is not None
    assert said in problem
    with pytest.raises(FilterFailed):
        apply(text, b"{}")


def test_a_filter_that_does_not_fit_a_document_says_why() -> None:
    with pytest.raises(FilterFailed, match="Cannot index"):
        apply(".items.n", DOCUMENT)


def test_a_string_is_shown_as_it_is_and_all_else_as_json() -> None:
    assert shown("a b") == "a b"
    assert shown({"a": [1, None]}) == '{"a":[1,null]}'
