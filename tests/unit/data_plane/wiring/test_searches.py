"""The endpoint for embeddings is called where its operator has it, and nowhere that is blocked."""

import pytest

from mcpgateway.common.metrics.exposition import render
from mcpgateway.common.metrics.instruments import Registry
from mcpgateway.data_plane.wiring.searches import make_catalogues
from support.data_plane import settings
from support.embeddings import embedding_service


@pytest.mark.parametrize(("blocked", "outcome"), [("", "ok"), ("127.0.0.0/8", "upstream_")])
async def test_loopback_is_called_unless_the_operator_blocks_it(blocked: str, outcome: str) -> None:
    registry = Registry()
    async with embedding_service() as service:
        chosen = settings(
            MCPGATEWAY_EMBEDDINGS_URL=service.url,
            MCPGATEWAY_EMBEDDINGS_MODEL="m",
            MCPGATEWAY_EMBEDDINGS_TIMEOUT="10",
            SSRF_BLOCKED_NETWORKS=blocked,
        )
        catalogues = make_catalogues(chosen, registry)
        assert catalogues.meanings is not None
        found = await catalogues.meanings.of("a car")
        await catalogues.aclose()
    assert (found is None) == (service.asked == []) == bool(blocked)
    assert f'of="query",outcome="{outcome}'.encode() in render(registry.families())
