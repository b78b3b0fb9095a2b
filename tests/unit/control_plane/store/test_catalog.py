"""The catalog's file: when it is read again, and what becomes of a bad one."""

from pathlib import Path

import pytest

from mcpgateway.common.errors import Unavailable
from mcpgateway.control_plane.store.catalog import CatalogFile

ENTRY = """\
  - {{id: {0}, name: {0}, category: c, url: "https://{0}.example/", auth_type: Open, provider: p,
     description: d}}
"""


def write(path: Path, *ids: str) -> None:
    path.write_text("catalog_servers:\n" + "".join(ENTRY.format(id) for id in ids))


async def named(source: CatalogFile) -> list[str]:
    return [entry.id for entry in (await source.current()).entries]


async def test_a_file_is_read_again_when_it_is_old(tmp_path: Path) -> None:
    path, now = tmp_path / "catalog.yml", [0.0]
    source = CatalogFile(str(path), 60, lambda: now[0])
    write(path, "one")
    first = await named(source)
    write(path, "one", "two")
    young = await named(source)
    now[0] = 61
    old = await named(source)

    assert (first, young, old) == (["one"], ["one"], ["one", "two"])


async def test_a_file_that_became_bad_leaves_the_last_good_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "catalog.yml"
    source = CatalogFile(str(path), 0, lambda: 0.0)
    write(path, "one")
    await source.current()
    path.write_text("catalog_servers: [")

    assert await named(source) == ["one"]
    assert "the catalog stays as it was" in caplog.text


@pytest.mark.parametrize(
    ("content", "problem"),
    [(None, "can not be read"), (b"\xff", "not UTF-8"), (b"a: b", "line 1: 'a' is none of")],
)
async def test_a_bad_file_is_refused_with_its_name_and_reason(
    tmp_path: Path, content: bytes | None, problem: str
) -> None:
    path = tmp_path / "catalog.yml"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(Unavailable, match=problem) as refused:
        await CatalogFile(str(path), 0, lambda: 0.0).current()
    assert f"MCPGATEWAY_CATALOG_FILE {path}" in refused.value.message


async def test_without_a_file_there_is_the_shipped_list() -> None:
    assert len(await named(CatalogFile("", 60, lambda: 0.0))) >= 30
