"""URLs in bodies."""

import pytest
from msgspec import UNSET

from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.nouns.url_input import URL_LIMIT, read_url, url_problem

PREFIX = "http://a/"


@pytest.mark.parametrize(
    "url",
    [
        "http://a",
        "https://a.example:8443/x?q=1",
        "http://[::1]:80/",
        "HTTP://A/",
        "http://ü.example/",
    ],
)
def test_an_absolute_http_url_is_good(url: str) -> None:
    assert url_problem(url) is None


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("ftp://a/", "must look like"),
        ("a.example/x", "must look like"),
        ("http://", "must look like"),
        ("http:///x", "must look like"),
        ("http://a:0/", "must look like"),
        ("http://a:65536/", "must look like"),
        ("http://a:b/", "must look like"),
        ("http://[::1/", "must look like"),
        ("http://u:p@a/", "must not hold credentials"),
        ("http://u@a/", "must not hold credentials"),
        ("http://a/#x", "must have no fragment"),
        ("http://a/b c", "must have no fragment"),
    ],
)
def test_any_other_is_told_what_is_wrong_and_never_echoed(url: str, problem: str) -> None:
    said = url_problem(url)
    assert said is not None
    assert said.startswith(problem)
    assert "u:p" not in said


@pytest.mark.parametrize(
    ("members", "rule"),
    [
        ({}, "missing"),
        ({"endpointUrl": None}, "missing"),
        ({"endpointUrl": ""}, "string"),
        ({"endpointUrl": 7}, "string"),
        ({"endpointUrl": PREFIX + "x" * (URL_LIMIT - len(PREFIX) + 1)}, "string"),
        ({"endpointUrl": "ftp://a"}, "url"),
    ],
)
def test_a_bad_or_missing_field_is_a_problem_of_that_field(
    members: dict[str, object], rule: str
) -> None:
    fields = Fields(members)
    assert read_url(fields, "endpoint_url", required=True) is UNSET
    assert [(each.field, each.rule) for each in fields.problems] == [
        (fields.spelled("endpoint_url"), rule)
    ]


def test_what_may_be_left_out_is_no_problem_and_the_longest_is_good() -> None:
    longest = PREFIX + "x" * (URL_LIMIT - len(PREFIX))
    fields = Fields({"url": longest})
    assert read_url(fields, "url", required=True) == longest
    assert read_url(fields, "endpoint_url", required=False) is UNSET
    assert fields.problems == []
