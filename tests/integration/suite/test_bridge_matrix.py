"""Every client kind with every upstream kind, each feature tried: all is as the table says."""

import logging

import pytest
import pytest_asyncio

from matrix import clients, table, upstreams
from matrix.probes import PROBES
from matrix.run import Found, run
from matrix.table import Cell
from support.mcp_servers import MODERN

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    # The SDK's server leaves streams of sessions that end early to the garbage collector.
    pytest.mark.filterwarnings("ignore:Unclosed <MemoryObject:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

TABLE = table.read()
CELLS = [pytest.param(cell, id="-".join(cell)) for cell in TABLE]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """All cells are tried at once; each has a test of its own."""
    logging.getLogger("mcp").setLevel(logging.CRITICAL)  # connections are cut on purpose
    return await run(tmp_path_factory.mktemp("matrix"))


@pytest.mark.parametrize("cell", CELLS)
async def test_a_cell_is_as_the_table_says(found: Found, cell: Cell) -> None:
    assert found.verdicts[cell] == TABLE.word(cell).found


async def test_an_upstream_of_one_revision_is_spoken_to_in_no_newer_one(found: Found) -> None:
    """But for the probe that finds out whether it is modern."""
    for kind in upstreams.STREAMABLE[1:]:
        spoken = found.spoken[kind] - {MODERN, ""}
        assert kind in spoken or kind == "2025-03-26", (kind, spoken)
        assert max(spoken) <= kind, (kind, spoken)


async def test_the_table_has_every_kind_and_every_feature() -> None:
    assert TABLE.clients == clients.KINDS
    assert TABLE.upstreams == upstreams.KINDS
    assert list(TABLE.features) == list(PROBES)
