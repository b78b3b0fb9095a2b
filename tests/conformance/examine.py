"""Runs the suite: on a server's URL, or on a client's command. Its files are kept in a folder."""

import re
import sys
from pathlib import Path

from conformance import authorizing, checks, node
from conformance.checks import Outcomes
from conformance.drive import SKIPPED, TOKEN
from conformance.gateway import Gateway
from conformance.legs import Set

WAIT = 240.0  # seconds for one run of the suite
PATIENCE = "60000"  # ms for one client; some 40 of them start at once


class Examiner:
    """`suite` is where the suite is installed, `results` where it writes."""

    def __init__(self, suite: Path, results: Path) -> None:
        self._suite = suite
        self._results = results

    async def server(self, scenarios: Set, url: str, name: str) -> Outcomes:
        """`name` tells runs apart."""
        return await self._run(name, "server", "--url", url, scenarios.flag, scenarios.revision)

    async def client(self, scenarios: Set, name: str, gateway: Gateway | None = None) -> Outcomes:
        """The client of `drive`, by itself or through a gateway."""
        command = [sys.executable, "-m", "conformance.drive"]
        environ = {}
        if gateway is not None:
            command += ["--through", gateway.origin]
            environ[TOKEN] = gateway.suite.token
        words = ("client", "--command", " ".join(command), "--timeout", PATIENCE)
        outcomes = await self._run(name, *words, scenarios.flag, scenarios.revision, **environ)
        return {check: of for check, of in outcomes.items() if not SKIPPED.match(check.scenario)}

    async def authorization(self, scenarios: Set, gateway: Gateway) -> Outcomes:
        """The gateway's own authorization server."""
        folder = self._folder(scenarios.name)
        command = [*node.command(self._suite)]
        said = await authorizing.examine(command, gateway, scenarios.revision, str(folder))
        return _read(folder, said)

    def _folder(self, name: str) -> Path:
        return self._results / re.sub(r"[^\w.-]+", "-", name)

    async def _run(self, name: str, *words: str, **environ: str) -> Outcomes:
        folder = self._folder(name)
        _, output = await node.run(
            *node.command(self._suite),
            *words,
            *("-o", str(folder)),
            folder=Path(__file__).parents[1],
            wait=WAIT,
            environ=environ,
        )
        return _read(folder, output)


def _read(folder: Path, output: str) -> Outcomes:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "output.txt").write_text(output)
    outcomes = checks.load(folder)
    if not outcomes:
        raise AssertionError(f"the suite examined nothing:\n{output[-2000:]}")
    return outcomes
