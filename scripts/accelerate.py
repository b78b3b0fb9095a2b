"""Compiles the modules that every call passes, where the builder of a wheel asks for it.

A build hook of hatchling: with MCPGATEWAY_ACCELERATE=1 the wheel gets, beside the sources, what
mypyc and a C compiler make of them, and is of one platform and Python then. Without it nothing is
compiled and no compiler is needed. An editable install is never compiled: it would outlive edits.
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SWITCH = "MCPGATEWAY_ACCELERATE"
_HTTP = "libs/common/mcpgateway/common/runtime/http"
_DATA_PLANE = "services/data_plane/mcpgateway/data_plane"
# What a repeated call passes. Not among them: modules that mypyc can not compile (asynchronous
# generators, msgspec's structs, slots below an interpreted base class).
MODULES = (
    f"{_HTTP}/call.py",
    f"{_HTTP}/client_connection.py",
    f"{_HTTP}/deadline.py",
    f"{_HTTP}/head_prediction.py",
    f"{_HTTP}/origin_pool.py",
    f"{_HTTP}/request_head.py",
    f"{_HTTP}/request_parser.py",
    f"{_HTTP}/server_connection.py",
    f"{_HTTP}/short_turn.py",
    f"{_HTTP}/shortcut_connection.py",
    f"{_DATA_PLANE}/pipeline/shortcuts/short_call.py",
    f"{_DATA_PLANE}/pipeline/shortcuts/short_clients.py",
    f"{_DATA_PLANE}/pipeline/shortcuts/shortcut.py",
    f"{_DATA_PLANE}/upstreams/repeatable.py",
)


class Accelerator(BuildHookInterface[Any]):
    """Found by hatchling through pyproject.toml."""

    PLUGIN_NAME = "custom"

    def initialize(  # type: ignore[explicit-override]  # typing_extensions may be missing here
        self, version: str, build_data: dict[str, Any]
    ) -> None:
        if version != "standard" or os.environ.get(SWITCH) != "1":
            return
        self._folder = tempfile.TemporaryDirectory(prefix="mcpgateway-")
        compiled = compile_modules(Path(self.root), Path(self._folder.name))
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        build_data["force_include"].update(compiled)

    def finalize(  # type: ignore[explicit-override]
        self, version: str, build_data: dict[str, Any], artifact_path: str
    ) -> None:
        if build_data.get("infer_tag"):
            self._folder.cleanup()


def compile_modules(root: Path, folder: Path) -> dict[str, str]:
    """Built extension modules, and where each belongs in a wheel. Takes 15 s. Raises what
    setuptools and mypyc raise; SystemExit where the modules do not pass mypy."""
    from mypyc.build import mypycify  # noqa: PLC0415 - wanted by those only who switch this on
    from setuptools import Distribution  # noqa: PLC0415

    here = Path.cwd()
    os.chdir(root)  # where mypy finds its configuration, and the paths in it
    try:
        extensions = mypycify(
            ["--config-file=pyproject.toml", *MODULES], target_dir=str(folder / "c"), opt_level="3"
        )
        building = Distribution({"name": "mcpgateway", "ext_modules": extensions})
        command = building.get_command_obj("build_ext")
        command.build_lib, command.build_temp = str(folder / "lib"), str(folder / "temp")
        building.run_command("build_ext")
    finally:
        os.chdir(here)
    built = (folder / "lib").rglob("*.so")
    return {str(each): str(each.relative_to(folder / "lib")) for each in built}


if __name__ == "__main__":
    for extension in compile_modules(Path.cwd(), Path(sys.argv[1])).values():
        sys.stdout.write(f"{extension}\n")
