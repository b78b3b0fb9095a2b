"""Ports stay the same over restarts, unless somebody else took them."""

import socket
from pathlib import Path

import pytest

from mcpgateway.cli.embedded import ports


def test_a_port_is_kept_by_name(tmp_path: Path) -> None:
    first = {name: ports.keep(tmp_path, name) for name in ("one", "two")}
    assert first["one"] != first["two"]
    assert {name: ports.keep(tmp_path, name) for name in ("one", "two")} == first


def test_a_port_that_somebody_listens_on_is_replaced(tmp_path: Path) -> None:
    first = ports.keep(tmp_path, "one")
    with socket.socket() as other:
        other.bind(("127.0.0.1", first))
        other.listen()
        second = ports.keep(tmp_path, "one")
    assert second != first
    assert ports.keep(tmp_path, "one") == second


@pytest.mark.parametrize("text", ["", "not json", "[]", '{"one": "80"}', '{"one": 99999}'])
def test_a_damaged_file_is_made_again(tmp_path: Path, text: str) -> None:
    (tmp_path / "ports.json").write_text(text)
    assert ports.keep(tmp_path, "one") == ports.keep(tmp_path, "one")


def test_why_a_port_can_not_be_had_is_told() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = ports.problem("127.0.0.1", other.getsockname()[1])
    assert taken is not None
    assert "in use" in str(taken)
    assert ports.problem("192.0.2.1", 0) is not None


def test_a_port_is_none_that_an_outgoing_connection_may_get_meanwhile() -> None:
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert all(1024 <= ports.free() < first for _ in range(100))


def test_a_port_that_is_taken_but_not_listened_on_yet_is_not_given_twice() -> None:
    ours = range(20_000, 30_000)
    assert ports.free() in ours
    assert ports.free(ours) not in ours
