"""The house keeps itself: sizes, namespace, dependencies, nothing of one machine in the tree."""

import ast
import re
import subprocess
import tomllib
import warnings
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
SOFT, HARD = 400, 600  # lines of a file
SOURCES = ("libs", "services")
PURE_MODULES = sorted(
    path
    for path in (ROOT / "libs/common/mcpgateway/common").rglob("*.py")
    if path.name != "__init__.py" and "gen" not in path.parts and "runtime" not in path.parts
)
# Contracts: values and signatures without behaviour of their own.
WITHOUT_BEHAVIOUR = {"content/limits.py", "routing/model.py", "routing/sealing.py"}


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_no_source_file_is_long() -> None:
    for path in tracked("*.py"):
        if "gen" in path.parts:
            continue
        lines = len(path.read_text().splitlines())
        assert lines <= HARD, f"{path.relative_to(ROOT)} has {lines} lines"
        if lines > SOFT and path.relative_to(ROOT).parts[0] in SOURCES:
            warnings.warn(f"{path.relative_to(ROOT)} has {lines} lines", LongFile, stacklevel=1)


class LongFile(PendingDeprecationWarning):
    """Over the soft limit: a nudge, ignored by `error` filters of others."""


pytestmark = pytest.mark.filterwarnings("default::PendingDeprecationWarning")


def test_the_namespace_has_no_init_file_at_its_top() -> None:
    assert [p for p in tracked("*/mcpgateway/__init__.py") if p.parent.name == "mcpgateway"] == []


def test_a_plain_install_gets_exactly_what_the_services_need() -> None:
    project = pyproject()
    groups = project["dependency-groups"]

    def flat(name: str) -> set[str]:
        found: set[str] = set()
        for entry in groups[name]:
            found |= flat(entry["include-group"]) if isinstance(entry, dict) else {entry}
        return found

    union = set().union(
        *(flat(g) for g in ("client", "data-plane", "control-plane", "admin", "runner", "embedded"))
    )
    assert union == set(project["project"]["dependencies"])


def test_every_source_root_is_in_the_wheel_and_in_the_editable_install() -> None:
    wheel = pyproject()["tool"]["hatch"]["build"]["targets"]["wheel"]
    roots = {str(p.relative_to(ROOT)) for s in SOURCES for p in (ROOT / s).glob("*/mcpgateway")}
    assert set(wheel["packages"]) == roots
    assert {f"{folder}/mcpgateway" for folder in wheel["dev-mode-dirs"]} == roots


@pytest.mark.parametrize("path", PURE_MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_pure_room_has_a_test_of_its_own(path: Path) -> None:
    inside = path.relative_to(ROOT / "libs/common/mcpgateway/common")
    if str(inside) in WITHOUT_BEHAVIOUR:
        return
    mirror = ROOT / "tests/unit/common" / inside.parent / f"test_{inside.name}"
    assert mirror.exists(), f"{mirror.relative_to(ROOT)} is missing"


def test_no_test_folder_shadows_the_namespace() -> None:
    assert tracked("tests/**/__init__.py") == []


def test_locks_name_no_host() -> None:
    for lock in tracked("requirements.lock", "deploy/locks/*.lock"):
        assert not re.search(r"https?://", lock.read_text()), lock


def test_the_makefile_stays_small_and_documents_itself() -> None:
    text = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^([a-z-]+):", text, re.M)
    documented = re.findall(r"^([a-z-]+):.*## ", text, re.M)
    assert targets == documented
    assert len(targets) <= 15
    assert {"run", "test", "check", "bench", "proto", "help"} <= set(targets)


def reads_environment(source: str) -> bool:
    """Whether code (not a text in it) names `os.environ` or `os.getenv`."""
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in ("environ", "getenv")
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
        for node in ast.walk(ast.parse(source))
    )


def test_no_module_reads_the_environment_but_the_entry_points() -> None:
    allowed = re.compile(r"(__main__|/cli/|/translate/|/wrapper/|/utils/)")
    readers = [
        str(path.relative_to(ROOT))
        for source in SOURCES
        for path in (ROOT / source).rglob("*.py")
        if reads_environment(path.read_text())
    ]
    assert [path for path in readers if not allowed.search(path)] == []
