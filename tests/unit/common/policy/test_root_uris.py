"""Which URIs may be roots: any, unless a setting says otherwise."""

import pytest

from mcpgateway.common.policy.root_uris import RootPolicy

PREFIXED = RootPolicy(file_prefixes=("/srv/data/",))


@pytest.mark.parametrize("uri", ["file:///", "https://a.example/x", "git+ssh://h/r", "memo:x"])
def test_any_uri_may_be_one_by_default(uri: str) -> None:
    assert RootPolicy().problem(uri) is None


@pytest.mark.parametrize(
    ("policy", "uri", "why"),
    [
        (RootPolicy(), "no-scheme", "scheme"),
        (RootPolicy(), "http://[", "no URI"),
        (RootPolicy(schemes=("https",)), "http://a", "ROOT_ALLOWED_SCHEMES"),
        (RootPolicy(files=False), "FILE:///x", "ROOT_ALLOW_FILE_SCHEME"),
        (PREFIXED, "file:///srv/database", "ROOT_ALLOWED_FILE_PREFIXES"),
        (PREFIXED, "file:///srv/data/../secret", "ROOT_ALLOWED_FILE_PREFIXES"),
        (PREFIXED, "file:///srv/data/%2e%2e/secret", "ROOT_ALLOWED_FILE_PREFIXES"),
    ],
)
def test_a_refusal_names_what_decides(policy: RootPolicy, uri: str, why: str) -> None:
    assert why in (policy.problem(uri) or "")


@pytest.mark.parametrize("uri", ["file:///srv/data", "file:///srv/data/a%20b", "https://a"])
def test_what_is_under_a_prefix_may_be_one(uri: str) -> None:
    assert PREFIXED.problem(uri) is None
