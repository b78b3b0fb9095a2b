"""Who is asked for his consent again by what an upstream refuses, and what else stays as it was."""

import msgspec
import pytest

from mcpgateway.common.errors import GatewayError, UpstreamRejected
from mcpgateway.common.mcp.revisions import Era
from mcpgateway.data_plane.pipeline.consent_sink import ConsentSink
from mcpgateway.data_plane.pipeline.sinks.exchange_sink import ExchangeSink
from mcpgateway.data_plane.pipeline.upstream_auth.consent import KEY, Asker, Page
from mcpgateway.data_plane.upstreams.faults import TokenRefused
from support.exchange import RecordingExchange

PAGE = Page("https://gw.example/page", "an id", "please go there")
PAGES = b'{"elicitation":{"url":{}}}'


class Setup:
    def __init__(self, era: Era = "modern", page: Page | None = PAGE, able: bytes = PAGES) -> None:
        self.exchange = RecordingExchange()
        self.seen: list[TokenRefused] = []
        self._told = page
        revision = "2026-07-28" if era == "modern" else "2025-11-25"
        asker = Asker(era, revision, "tools/call", able, declined=False)
        self.sink = ConsentSink(ExchangeSink(self.exchange, 1, era, None), 1, asker, self._page)

    def _page(self, error: TokenRefused) -> Page | None:
        self.seen.append(error)
        return self._told

    def failed(self, error: GatewayError) -> msgspec.Raw:
        self.sink.failed(error)
        assert self.exchange.ended
        return msgspec.Raw(self.exchange.answer)


def test_a_modern_client_is_asked_by_a_round() -> None:
    it = Setup()
    found = msgspec.json.decode(it.failed(TokenRefused("no", ("a",))))
    assert found["result"]["inputRequests"][KEY]["params"]["url"] == PAGE.url
    assert (it.exchange.status, it.seen[0].scopes) == (200, ("a",))


def test_a_legacy_client_is_asked_by_the_error_that_names_the_page() -> None:
    found = msgspec.json.decode(Setup("legacy").failed(TokenRefused("no")))
    assert found["error"]["code"] == -32042
    assert found["error"]["data"]["elicitations"][0]["url"] == PAGE.url


def test_a_client_that_shows_no_pages_reads_of_it() -> None:
    found = msgspec.json.decode(Setup(able=b"{}").failed(TokenRefused("no")))
    assert found["result"]["isError"]
    assert PAGE.url in found["result"]["content"][0]["text"]


@pytest.mark.parametrize(
    ("error", "page"), [(TokenRefused("no", ("a",)), None), (UpstreamRejected("no"), PAGE)]
)
def test_where_asking_helps_nobody_the_failure_is_told(
    error: GatewayError, page: Page | None
) -> None:
    found = msgspec.json.decode(Setup(page=page).failed(error))
    assert found["error"]["message"] == "no"


def test_an_answer_passes() -> None:
    it = Setup()
    it.sink.answer(b'{"jsonrpc":"2.0","id":1,"result":{}}')
    assert it.exchange.answer == b'{"jsonrpc":"2.0","id":1,"result":{}}'
    assert it.seen == []
