"""`wrk`: the scripts it is given, what it prints, and one run of it."""

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.contract import Trouble
from bench.messages import NUMBER
from bench.processes import LOAD_CORE, cpu_seconds

_UNITS = {"us": 1.0, "ms": 1e3, "s": 1e6, "m": 60e6}
_TRACE = "@trace@"
# What differs in each request is cut out of the formatted one, once, and put in again: `%09d`
# where the number stood, a `traceparent` where the mark did. Lengths stay the same.
_VARIED = """
local form, n = "", 0
function init()
  form = wrk.format():gsub("%%", "%%%%")
  form = form:gsub("@number@", "%%09d"):gsub("@trace@", "00-%%032x-%%016x-01")
end
function request()
  n = n + 1
  return form:format(@given@)
end
""".replace("@number@", str(NUMBER)).replace("@trace@", _TRACE)


@dataclass(frozen=True)
class Load:
    """What is asked. `traced`: each request has a `traceparent` of its own, so that no two heads
    of a connection are the same, as with clients that send a trace context."""

    path: str
    headers: dict[str, str]
    body: str = ""
    traced: bool = False

    @property
    def script(self) -> str:
        """For wrk. Without a `response` function, which would cost more than the request."""
        lines = [f'wrk.method="{"POST" if self.body else "GET"}"']
        if self.body:
            lines.append(f"wrk.body={json.dumps(self.body)}")
        headers = {**self.headers, **({"traceparent": _TRACE} if self.traced else {})}
        for name, text in headers.items():  # Lua takes the escapes that JSON has for ASCII
            lines.append(f"wrk.headers[{json.dumps(name)}]={json.dumps(text)}")
        return "\n".join([*lines, self._varied])

    @property
    def _varied(self) -> str:
        """The functions that make each request another one."""
        numbers = self.body.count(str(NUMBER))
        if not (numbers or self.traced):
            return ""
        given = ["n", "n"] * self.traced + [f"{NUMBER} + n"] * numbers  # heads come first
        return _VARIED.replace("@given@", ", ".join(given))


@dataclass(frozen=True)
class Run:
    """Of one run: requests per second, microseconds of latency, microseconds of CPU that the
    process under test used for each request (NaN when it was not watched)."""

    rate: float
    p50: float
    p99: float
    cpu: float = float("nan")


class Refused(Trouble):
    """Something else than 200 was answered, or nothing."""


def run(
    port: int, load: Load, folder: Path, seconds: int, *, connections: int = 32, pid: int = 0
) -> Run:
    """One run. `pid`: whose CPU time to count. Raises Refused with what wrk printed."""
    script = folder / f"wrk-{port}.lua"
    script.write_text(load.script)
    url = f"http://127.0.0.1:{port}{load.path}"
    options = ["-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "30s"]
    before = cpu_seconds(pid) if pid else 0.0
    shown = subprocess.run(
        ["taskset", "-c", LOAD_CORE, "wrk", *options, "-s", str(script), url],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    used = cpu_seconds(pid) - before if pid else float("nan")
    return parse(shown, url, used)


def parse(shown: str, url: str = "", used: float = float("nan")) -> Run:
    """`used`: seconds of CPU over all requests. Raises Refused."""
    rate = re.search(r"Requests/sec:\s+([\d.]+)", shown)
    total = re.search(r"(\d+) requests in", shown)
    if rate is None or total is None or not float(total[1]) or _complaints(shown):
        raise Refused(f"{url} did not answer as it should:\n{shown}")
    return Run(
        float(rate[1]),
        microseconds(shown, 50),
        microseconds(shown, 99),
        used * 1e6 / float(total[1]),
    )


def microseconds(shown: str, percent: int) -> float:
    """A line of the latency distribution; NaN when it is not there."""
    found = re.search(rf"^\s+{percent}%\s+([\d.]+)(us|ms|s|m)\s*$", shown, re.M)
    return float(found[1]) * _UNITS[found[2]] if found else float("nan")


def _complaints(shown: str) -> bool:
    return "Non-2xx" in shown or "Socket errors" in shown
