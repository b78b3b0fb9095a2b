from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.policy.addresses import METADATA_NAMES, AddressPolicy, is_loopback

OPEN = AddressPolicy(loopback=True, private=True)
WIDEST = AddressPolicy(
    loopback=True, private=True, allow=(ip_network("0.0.0.0/0"), ip_network("::/0"))
)
ip_networks = st.sampled_from(
    [ip_network(text) for text in ("10.0.0.0/8", "127.0.0.0/8", "0.0.0.0/0", "::/0", "fc00::/7")]
)
policies = st.builds(
    AddressPolicy,
    loopback=st.booleans(),
    private=st.booleans(),
    allow=st.lists(ip_networks, max_size=2).map(tuple),
    deny=st.lists(ip_networks, max_size=2).map(tuple),
)
addresses = st.ip_addresses().map(str) | st.sampled_from(
    ["127.0.0.1", "::1", "10.1.2.3", "100.64.0.1", "169.254.1.1", "fd00::1", "8.8.8.8", "fe80::1%2"]
)

NEVER = [
    "169.254.169.254",
    "169.254.170.2",
    "100.100.100.200",
    "fd00:ec2::254",
    "169.254.0.1",
    "fe80::1",
    "fe80::1%eth0",
    "224.0.0.1",
    "ff02::1",
    "0.0.0.0",
    "0.1.2.3",
    "::",
    "255.255.255.255",
]


@pytest.mark.parametrize("address", NEVER)
def test_metadata_link_local_multicast_and_unspecified_are_closed_whatever_is_allowed(
    address: str,
) -> None:
    assert "never called" in (WIDEST.problem(address, 80) or "")


@pytest.mark.parametrize(
    "address",
    ["::ffff:169.254.169.254", "::ffff:a9fe:a9fe", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1"],
)
def test_an_ipv4_address_inside_an_ipv6_one_is_judged_as_itself(address: str) -> None:
    assert "metadata" in (WIDEST.problem(address, 80) or "")


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_loopback_is_closed_until_it_is_opened(address: str) -> None:
    assert "SSRF_ALLOW_LOCALHOST" in (AddressPolicy().problem(address, 80) or "")
    assert OPEN.problem(address, 80) is None


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fd12::1", "::ffff:10.0.0.1"]
)
def test_private_and_carrier_networks_are_open_until_they_are_closed(address: str) -> None:
    assert AddressPolicy().problem(address, 80) is None
    closed = AddressPolicy(private=False)
    assert "SSRF_ALLOW_PRIVATE_NETWORKS" in (closed.problem(address, 80) or "")


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888"])
def test_public_addresses_are_open_in_the_strictest_policy(address: str) -> None:
    assert AddressPolicy(private=False).problem(address, 443) is None


def test_an_allowed_network_opens_what_its_range_would_close() -> None:
    policy = AddressPolicy(private=False, allow=(ip_network("10.1.0.0/16"),))
    assert policy.problem("10.1.2.3", 80) is None
    assert policy.problem("10.2.2.3", 80) is not None


def test_a_denied_network_wins_over_an_allowed_one_and_names_its_setting() -> None:
    policy = AddressPolicy(allow=(ip_network("10.0.0.0/8"),), deny=(ip_network("10.1.0.0/16"),))
    assert "SSRF_BLOCKED_NETWORKS" in (policy.problem("10.1.2.3", 80) or "")
    assert policy.problem("10.2.2.3", 80) is None


def test_the_gateway_s_own_ports_are_closed_on_loopback_only() -> None:
    policy = AddressPolicy(loopback=True, own_ports=frozenset({4444}))
    assert "the gateway itself" in (policy.problem("127.0.0.1", 4444) or "")
    assert policy.problem("127.0.0.1", 4445) is None
    assert policy.problem("8.8.8.8", 4444) is None


def test_own_ports_are_closed_even_in_an_allowed_network() -> None:
    policy = AddressPolicy(allow=(ip_network("127.0.0.0/8"),), own_ports=frozenset({4444}))
    assert policy.problem("127.0.0.1", 4444) is not None


@given(policies, addresses, ip_networks)
def test_denying_one_more_network_never_opens_an_address(
    policy: AddressPolicy, address: str, network: IPv4Network | IPv6Network
) -> None:
    narrower = AddressPolicy(
        policy.loopback, policy.private, policy.allow, (*policy.deny, network), policy.own_ports
    )
    if policy.problem(address, 80) is not None:
        assert narrower.problem(address, 80) is not None


@given(policies, st.ip_addresses(v=4))
def test_the_mapped_form_of_an_address_is_judged_alike(
    policy: AddressPolicy, address: IPv4Address
) -> None:
    plain = policy.problem(str(address), 80)
    mapped = policy.problem(f"::ffff:{address}", 80)
    assert (plain is None) == (mapped is None)


@given(policies, addresses)
def test_a_refusal_names_the_address(policy: AddressPolicy, address: str) -> None:
    problem = policy.problem(address, 80)
    assert problem is None or address in problem


def test_the_names_of_metadata_services_are_known() -> None:
    assert "metadata.google.internal" in METADATA_NAMES


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("LocalHost", True),
        ("app.localhost", True),
        ("127.0.0.1", True),
        ("127.255.0.9", True),
        ("::1", True),
        ("[::1]", True),
        ("::ffff:127.0.0.1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("localhost.example.com", False),
        ("notlocalhost", False),
        ("10.0.0.1", False),
        ("", False),
    ],
)
def test_loopback_is_one_machines_names_and_addresses_only(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
