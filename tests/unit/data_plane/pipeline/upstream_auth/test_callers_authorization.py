"""For what the user of a refused call is asked to consent, and when he is not."""

from typing import Any

import pytest
from typing_extensions import override

from mcpgateway.common.policy.access.subject import Subject
from mcpgateway.common.routing.model import Principal, Upstream
from mcpgateway.common.routing.upstream_tokens import UpstreamToken, key_of
from mcpgateway.data_plane.parked.token_bucket import NoTokens
from mcpgateway.data_plane.pipeline.call import Call, Caller
from mcpgateway.data_plane.pipeline.sinks.exchange_sink import ExchangeSink
from mcpgateway.data_plane.pipeline.upstream_auth.callers_authorization import CallerConsents
from mcpgateway.data_plane.pipeline.upstream_auth.upstream_tokens import Need, UpstreamTokens
from mcpgateway.data_plane.upstreams.faults import TokenRefused
from support.exchange import RecordingExchange
from support.registries import upstream

ANN = "ann@example.com"
BASE = "https://gw.example"
OWN = upstream("u1", tokens="oauth")


class Kept(NoTokens):
    """One token for all."""

    @override
    async def get(self, key: str) -> UpstreamToken | None:
        return UpstreamToken((("Authorization", "Bearer t"),), asked=("a", "b"))


async def told(error: TokenRefused, at: Upstream = OWN, brought: str = "") -> str:
    """What the client of a call reads when its upstream fails so."""
    tokens = UpstreamTokens(Kept(), lambda: 0.0)
    await tokens.learn(Need(at, ANN, key_of(ANN, at.id)))
    lines = [(b"x-upstream-authorization", brought.encode())] if brought else []
    exchange = RecordingExchange(headers=lines)
    fields: dict[str, Any] = dict.fromkeys(Call.__struct_fields__)
    fields |= {"exchange": exchange, "era": "modern", "revision": "2026-07-28", "id": 1}
    fields |= {"method": "tools/call", "params": {}, "meta": {}}
    fields["caller"] = Caller(Subject(Principal(id=ANN)))
    consents = CallerConsents(tokens, lambda _: BASE)
    sink = consents.sink(Call(**fields), at, ExchangeSink(exchange, 1, "modern", None))
    sink.failed(error)
    return exchange.answer.decode()


async def test_he_is_asked_for_what_he_was_not_asked_for_before() -> None:
    answer = await told(TokenRefused("no", ("a", "c")))
    assert f"{BASE}/oauth/authorize/u1?for=" in answer
    assert "&scope=c" in answer
    assert "scope=a" not in answer


async def test_he_is_not_asked_twice_for_the_same() -> None:
    assert BASE not in await told(TokenRefused("no", ("b", "a")))


@pytest.mark.parametrize(("tokens", "room"), [("oauth", "oauth"), ("vault", "vault")])
async def test_he_is_asked_anew_for_a_token_that_counts_no_more(tokens: str, room: str) -> None:
    answer = await told(TokenRefused("no"), upstream("u1", tokens=tokens))
    assert f"{BASE}/{room}/authorize/u1" in answer


@pytest.mark.parametrize("tokens", ["shared", "exchange"])
async def test_he_is_asked_for_nothing_where_no_consent_of_his_would_help(tokens: str) -> None:
    assert BASE not in await told(TokenRefused("no"), upstream("u1", tokens=tokens))


async def test_the_refusal_of_a_token_that_he_brought_is_his_to_hear() -> None:
    assert BASE not in await told(TokenRefused("no"), brought="Bearer mine")
