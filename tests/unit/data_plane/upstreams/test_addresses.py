"""Which addresses an upstream may have, by its record in the current table."""

from ipaddress import ip_network

import msgspec

from mcpgateway.common.policy.addresses import AddressPolicy
from mcpgateway.common.routing.build import build
from mcpgateway.common.routing.model import Key, Record, Tool, Upstream
from mcpgateway.common.routing.rest_request import RestRequest
from mcpgateway.common.runtime.http.client import Origin
from mcpgateway.data_plane.upstreams.addresses import UpstreamAddresses
from support.registries import upstream

HOME = Origin("http", "tools.test", 80)


def rules(*upstreams: Upstream) -> UpstreamAddresses:
    made = UpstreamAddresses()
    made.changed(build("a-registry", 1, upstreams), None)
    return made


def allowed(addresses: UpstreamAddresses, address: str, origin: Origin = HOME) -> bool:
    return addresses.policy_of(origin).problem(address, origin.port) is None


def test_an_upstreams_record_opens_loopback_and_private_ranges_for_its_origin_only() -> None:
    made = rules(upstream(url="http://Tools.test/mcp", loopback_allowed=True))
    assert allowed(made, "127.0.0.1")
    assert allowed(made, "10.0.0.1")
    assert not allowed(made, "127.0.0.1", Origin("http", "tools.test", 8080))
    assert not allowed(made, "10.0.0.1", Origin("https", "tools.test", 443))


def test_where_two_upstreams_share_an_origin_both_must_allow() -> None:
    made = rules(
        upstream("u1", url="http://tools.test/a", loopback_allowed=True),
        upstream("u2", url="http://tools.test:80/b", private_allowed=False),
    )
    assert not allowed(made, "127.0.0.1")
    assert not allowed(made, "10.0.0.1")
    assert allowed(made, "93.184.216.34")


def test_the_gateways_own_ports_are_closed_to_upstreams() -> None:
    made = rules(upstream(url="http://tools.test/a", loopback_allowed=True))
    made.refuse_ports(80)
    assert not allowed(made, "127.0.0.1")


def test_the_operators_networks_count_for_every_upstream() -> None:
    denied, opened = ip_network("10.1.0.0/16"), ip_network("192.168.7.0/24")
    made = UpstreamAddresses(AddressPolicy(allow=(opened,), deny=(denied,)))
    closed = upstream(url="http://tools.test/a", private_allowed=False)
    made.changed(build("a-registry", 1, [closed]), None)
    assert allowed(made, "192.168.7.1")
    assert not allowed(made, "192.168.8.1")
    made.changed(build("a-registry", 1, [upstream(url="http://tools.test/a")]), None)
    assert allowed(made, "10.2.0.1")
    assert not allowed(made, "10.1.0.1")


def test_a_change_of_an_upstream_counts_at_the_next_connect() -> None:
    made = rules(upstream(url="http://tools.test/a", loopback_allowed=True))
    assert allowed(made, "127.0.0.1")
    closed = build("a-registry", 2, [upstream(url="http://tools.test/a")])
    made.changed(closed, frozenset({Key("upstream", "u1")}))
    assert not allowed(made, "127.0.0.1")


def test_an_url_that_can_not_be_called_harms_no_other() -> None:
    made = rules(upstream("u1", url="http://[broken"), upstream("u2", url="http://tools.test/a"))
    assert allowed(made, "10.0.0.1")


def rest(id: str, url: str, *, loopback_allowed: bool = False) -> Tool:
    request = RestRequest(url=url, loopback_allowed=loopback_allowed)
    return Tool(id, "", id, id, request=msgspec.json.encode(request))


def test_a_rest_tools_record_opens_its_origin() -> None:
    made = UpstreamAddresses()
    opened = rest("t", "http://tools.test/{id}", loopback_allowed=True)
    made.changed(build("a-registry", 1, [opened]), None)
    assert allowed(made, "127.0.0.1")
    assert not allowed(made, "127.0.0.1", Origin("http", "tools.test", 8080))


def test_a_rest_tool_and_an_upstream_at_one_origin_must_both_allow() -> None:
    made = UpstreamAddresses()
    records: list[Record] = [
        upstream(url="http://tools.test/a", loopback_allowed=True),
        rest("t", "http://tools.test/b"),
    ]
    made.changed(build("a-registry", 1, records), None)
    assert not allowed(made, "127.0.0.1")


def test_what_changes_of_a_rest_tool_holds_from_then_on() -> None:
    made = UpstreamAddresses()
    made.changed(build("a-registry", 1, []), None)
    key = frozenset({Key("tool", "t")})
    opened = rest("t", "http://tools.test/", loopback_allowed=True)
    made.changed(build("a-registry", 2, [opened]), key)
    assert allowed(made, "127.0.0.1")
    made.changed(build("a-registry", 3, [rest("t", "http://tools.test/")]), key)
    assert not allowed(made, "127.0.0.1")
    made.changed(build("a-registry", 4, [opened]), key)
    made.changed(build("a-registry", 5, []), key)
    assert not allowed(made, "10.0.0.1")
