"""The pinned installation of the official suite."""

import json
import re
from pathlib import Path

NODE = Path(__file__).parents[2] / "conformance" / "node"


def test_every_version_is_exact() -> None:
    wanted = json.loads((NODE / "package.json").read_text())
    versions = {**wanted["dependencies"], **wanted["optionalDependencies"]}
    assert all(re.fullmatch(r"\d[\w.-]*", version) for version in versions.values()), versions


def test_every_package_is_locked_by_its_digest_and_by_no_host() -> None:
    locked = json.loads((NODE / "package-lock.json").read_text())["packages"]
    for name, package in locked.items():
        assert "resolved" not in package, name
        assert name == "" or package["integrity"].startswith("sha512-"), name
