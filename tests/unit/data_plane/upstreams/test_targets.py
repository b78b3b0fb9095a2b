"""Where requests to an upstream go, and how they begin."""

from typing import Any

import msgspec
import pytest

from mcpgateway.common.errors import InvalidCall, UpstreamUnreachable
from mcpgateway.common.runtime.http.client import Origin, Timeouts
from mcpgateway.common.runtime.http.tls import profile
from mcpgateway.data_plane.upstreams.targets import Target, Targets, callers_lines, lines
from support.sinks import upstream


def test_a_target_is_kept_until_the_table_brings_another_record() -> None:
    targets, record = Targets(), upstream(timeout_ms=1000)
    target = targets.of(record)
    assert targets.of(record) is target
    changed = msgspec.structs.replace(record, timeout_ms=2000)
    assert targets.of(changed).timeouts.first_byte == 2.0


@pytest.mark.parametrize(
    ("url", "origin", "begins"),
    [
        (
            "http://up/mcp?a=%20b",
            Origin("http", "up", 80),
            b"POST /mcp?a=%20b HTTP/1.1\r\nhost: up\r\n",
        ),
        (
            "https://[::1]:9443",
            Origin("https", "::1", 9443),
            b"POST / HTTP/1.1\r\nhost: [::1]:9443",
        ),
    ],
)
def test_the_head_names_target_and_host(url: str, origin: Origin, begins: bytes) -> None:
    target = Target(upstream(url=url))
    assert target.origin == origin
    assert target.post_head().startswith(begins)


@pytest.mark.parametrize("url", ["ftp://up/", "http://", "http://up/a b", "http://me:secret@up/"])
def test_an_unusable_url_names_the_upstream_and_is_never_dialed(url: str) -> None:
    with pytest.raises(UpstreamUnreachable, match="upstream 'time'") as caught:
        Target(upstream(url=url))
    assert "secret" not in caught.value.message


def test_a_callers_lines_never_hold_what_is_the_gateways_own() -> None:
    own = [(b"host", b"x"), (b"mcp-session-id", b"x"), (b"content-length", b"9"), (b"accept", b"x")]
    assert callers_lines([*own, (b"x-tenant", b"1")]) == b"x-tenant: 1\r\n"


@pytest.mark.parametrize("value", [b"a\r\nb: c", b"a\nb", b"a\rb", b"a\0b"])
def test_a_value_that_would_be_more_than_one_line_is_refused(value: bytes) -> None:
    with pytest.raises(InvalidCall, match="'x-a' holds a line break"):
        lines([(b"ok", b"1"), (b"x-a", value)])


def test_so_is_a_name_that_would_be() -> None:
    with pytest.raises(InvalidCall):
        lines([(b"x-a: 1\r\nx-b", b"2")])


@pytest.mark.parametrize(
    ("change", "moved"),
    [
        ({"url": "http://other/mcp"}, True),
        ({"transport": "SSE"}, True),
        ({"era": "legacy"}, True),
        ({"private_allowed": False}, True),
        ({"ca_certificate": "another"}, True),
        ({"client_cert": "another"}, True),
        ({"timeout_ms": 5, "instructions": "x"}, False),
    ],
)
def test_an_upstream_has_moved_when_it_is_reached_otherwise(
    change: dict[str, Any], moved: bool
) -> None:
    targets, record = Targets(), upstream()
    target = targets.of(record)
    changed = msgspec.structs.replace(record, **change)
    assert targets.forget_moved({"u1": changed}, ["u1", "u2"]) == [target] * moved
    assert targets.forget_moved({}) == [target] * (not moved)


def test_so_it_has_when_its_credential_is_a_new_one() -> None:
    targets = Targets()
    mine, other = upstream(credential="c1"), msgspec.structs.replace(upstream(), id="u2")
    target = targets.of(mine)
    targets.of(other)
    known = {"u1": mine, "u2": other}
    assert targets.forget_moved(known, [], {"c2"}) == []
    assert targets.forget_moved(known, ["u1"], {"c1"}) == [target]
    assert targets.forget_moved(known, [], {"c1"}) == []


def test_time_outs_are_the_settings_but_for_the_first_byte() -> None:
    targets = Targets(Timeouts(connect=1, first_byte=2, idle=3, total=4, busy=5))
    timeouts = targets.of(upstream(timeout_ms=7000)).timeouts
    assert timeouts == Timeouts(connect=1, first_byte=7, idle=3, total=4, busy=5)


def test_a_profile_is_part_of_where_connections_go() -> None:
    secured = profile("an authority")
    targets = Targets(tls_of=lambda record: secured if record.ca_certificate else None)
    url = "https://up/mcp"
    assert targets.of(upstream(url=url)).origin == Origin("https", "up", 443)
    moved = upstream(url=url, ca_certificate="an authority")
    assert targets.of(moved).origin == Origin("https", "up", 443, secured)
