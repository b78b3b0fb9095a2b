"""How callers are named to upstreams: as the record says, and by nobody else."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.policy import propagation
from mcpgateway.common.policy.access.subject import NOBODY, Subject
from mcpgateway.common.policy.propagation import Propagation
from mcpgateway.common.routing.model import Upstream
from mcpgateway.data_plane.pipeline.upstream_auth.propagation import Naming
from support.registries import ANN, upstream

NOW = 1_790_000_000.0
PLAIN = Naming(b"", lambda: NOW)
SIGNING = Naming(b"secret", lambda: NOW)
CALLER = Subject(ANN, chain=("agent",))


def to_know(**how: Any) -> Upstream:
    return upstream("u1", identity=msgspec.json.encode(Propagation(**how)))


def raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


def user_in(params: dict[str, msgspec.Raw]) -> Any:
    return msgspec.json.decode(params["_meta"]).get("user")


def test_a_caller_is_named_in_meta_beside_what_the_client_says_there() -> None:
    params = {"name": raw("echo"), "_meta": raw({"progressToken": 7, "user": {"id": "admin"}})}
    sent = PLAIN.params(to_know(mode="meta"), CALLER, params)
    assert msgspec.json.decode(sent["_meta"]) == {
        "progressToken": 7,
        "user": {"id": "ann@example.com", "teams": ["red"], "chain": ["agent"]},
    }
    assert sent["name"] == params["name"]


def test_a_caller_is_named_in_meta_where_the_client_says_nothing() -> None:
    assert user_in(PLAIN.params(to_know(), CALLER, {}))["id"] == "ann@example.com"


@pytest.mark.parametrize("how", [{"mode": "headers"}, {"mode": "meta"}, {"mode": "both"}])
def test_a_client_names_nobody_in_meta(how: dict[str, Any]) -> None:
    forged = {"_meta": raw({"user": {"id": "admin@example.com"}})}
    assert PLAIN.params(to_know(**how), NOBODY, forged) == {}
    named = PLAIN.params(to_know(**how), CALLER, forged)
    assert b"admin" not in bytes(named.get("_meta", b""))


def test_each_mode_names_where_it_says_and_nowhere_else() -> None:
    for mode, in_lines, in_meta in (
        ("headers", True, False),
        ("meta", False, True),
        ("both", True, True),
    ):
        found = to_know(mode=mode)
        assert bool(PLAIN.lines(found, CALLER, ())) is in_lines
        assert ("_meta" in PLAIN.params(found, CALLER, {})) is in_meta


def test_meta_and_lines_carry_the_same_signature_for_this_upstream() -> None:
    found = to_know()
    said = user_in(SIGNING.params(found, CALLER, {}))
    lines = dict(SIGNING.lines(found, CALLER, ()))
    signed = said.pop("signature")
    assert lines[b"x-forwarded-user-signature"].decode() == signed
    assert signed == propagation.signature(said, found.id, b"secret", int(NOW))
    other = upstream("u2", identity=found.identity)
    assert user_in(SIGNING.params(other, CALLER, {}))["signature"] != signed


@given(st.binary(max_size=60))
def test_whatever_a_client_says_in_meta_does_no_harm(text: bytes) -> None:
    sent = PLAIN.params(to_know(), CALLER, {"_meta": msgspec.Raw(text)})
    assert user_in(sent)["id"] == "ann@example.com"
