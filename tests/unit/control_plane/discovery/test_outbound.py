"""The address guard: which names, addresses and URLs a request may go to."""

import socket

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from typing_extensions import override
from yarl import URL

from mcpgateway.common.errors import InvalidCall, UpstreamUnreachable
from mcpgateway.common.policy.addresses import AddressPolicy
from mcpgateway.control_plane.discovery.outbound import (
    GuardedResolver,
    checked_url,
    excerpt,
    refuse_host,
    shown,
)


class Book(AbstractResolver):
    """Resolves every name to the given addresses."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=each, port=port, family=family, proto=0, flags=0)
            for each in self._addresses
        ]

    @override
    async def close(self) -> None: ...


async def test_a_name_keeps_only_its_allowed_addresses() -> None:
    book = Book("127.0.0.1", "93.184.216.34", "169.254.169.254", "::ffff:127.0.0.1")
    found = await GuardedResolver(AddressPolicy(), book).resolve("mixed.example", 80)
    assert [each["host"] for each in found] == ["93.184.216.34"]


async def test_a_name_with_no_allowed_address_is_refused_naming_address_and_setting() -> None:
    resolver = GuardedResolver(AddressPolicy(private=False), Book("127.0.0.1", "10.0.0.7"))
    with pytest.raises(UpstreamUnreachable) as refused:
        await resolver.resolve("inside.example", 80)
    assert refused.value.message == (
        "host 'inside.example' is refused: 127.0.0.1 is loopback: calling it needs "
        "SSRF_ALLOW_LOCALHOST=true; "
        "10.0.0.7 is in a private network: calling it needs SSRF_ALLOW_PRIVATE_NETWORKS=true"
    )
    assert [problem.field for problem in refused.value.errors] == ["url"]


async def test_the_port_counts_for_the_gateways_own_listeners() -> None:
    policy = AddressPolicy(loopback=True, own_ports=frozenset({4444}))
    resolver = GuardedResolver(policy, Book("127.0.0.1"))
    assert len(await resolver.resolve("localhost", 4445)) == 1
    with pytest.raises(UpstreamUnreachable, match="the gateway itself"):
        await resolver.resolve("localhost", 4444)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://127.0.0.1/mcp", "SSRF_ALLOW_LOCALHOST"),
        ("http://[::1]:8000/mcp", "SSRF_ALLOW_LOCALHOST"),
        ("http://[::ffff:127.0.0.1]/mcp", "SSRF_ALLOW_LOCALHOST"),
        ("http://169.254.169.254/latest", "metadata address"),
        ("http://[fe80::1%25eth0]/", "link-local"),
        ("http://metadata.google.internal/", "metadata name"),
        ("http://METADATA.google.internal./", "metadata name"),
        ("http://0.0.0.0:8000/", "unspecified"),
    ],
)
def test_a_literal_address_is_judged_before_any_request(url: str, why: str) -> None:
    with pytest.raises(UpstreamUnreachable, match=why):
        refuse_host(AddressPolicy(), URL(url))


@pytest.mark.parametrize("url", ["http://example.com/mcp", "https://93.184.216.34/", "http://a1/"])
def test_other_hosts_pass_to_the_resolver(url: str) -> None:
    refuse_host(AddressPolicy(), URL(url))


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("ftp://host/", "must start with http:// or https://"),
        ("host:8000/mcp", "must start with http:// or https://"),
        ("http:///mcp", "and name a host"),
        ("/mcp", "must start with http:// or https://"),
        ("http://host:99999/", "is no URL"),
        ("http://me:secret@host/", "must not hold a user name or password"),
    ],
)
def test_a_url_that_can_not_be_called_is_the_callers_fault(url: str, problem: str) -> None:
    with pytest.raises(InvalidCall, match=problem) as refused:
        checked_url(url)
    assert refused.value.errors[0].field == "url"
    assert "secret" not in refused.value.message


def test_messages_show_neither_query_nor_user() -> None:
    assert shown("https://me:pw@host:8000/mcp?key=secret#f") == "https://host:8000/mcp"


def test_an_excerpt_is_short_printable_and_on_one_line() -> None:
    assert excerpt(b"<h1>No\r\n\tway\x1b[31m</h1>\xff" + b"x" * 9999).startswith(
        "<h1>No way?[31m</h1>"
    )
    assert len(excerpt(b"x" * 9999)) == 200
