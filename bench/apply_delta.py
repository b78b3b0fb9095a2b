"""Loop time that a one-tool delta takes on a table of so many tools: `python -m bench.apply_delta`.

In a process of its own, so that one size does not meet the garbage of another. Prints JSON:
milliseconds of each delta, and the longest time without a chance for others to run. Times are
of the processor, so that other load on the machine does not count.
"""

import argparse
import gc
import json
import time

from bench.messages import tools
from mcpgateway.common.routing.build import build
from mcpgateway.common.routing.delta import applying
from mcpgateway.common.routing.model import Delta, Tool, Upstream
from mcpgateway.common.routing.table import Table
from mcpgateway.common.runtime.slices import SLICE

PER_UPSTREAM = 1_000
_DEFINITION = tools(1).strip("[]").encode()


def table(count: int) -> Table:
    """Upstreams of a thousand tools each."""
    gc.disable()
    records: list[Upstream | Tool] = []
    for number in range(-(-count // PER_UPSTREAM)):
        up = f"up{number}"
        records.append(Upstream(up, up, up, f"http://10.0.0.1:{number + 1}/mcp"))
        records += [tool(up, n) for n in range(min(PER_UPSTREAM, count - number * PER_UPSTREAM))]
    made = build("a-registry", 1, records)
    gc.enable()
    gc.collect()
    gc.freeze()
    return made


def tool(upstream: str, number: int, definition: bytes = _DEFINITION) -> Tool:
    name = f"tool-{number:06}"
    return Tool(f"{upstream}-{name}", upstream, f"{upstream}-{name}", name, definition)


def measure(count: int, deltas: int) -> dict[str, list[float]]:
    """`apply`: milliseconds of all steps of a delta; `pause`: of its longest step, and what a
    slice may add to it before it gives way."""
    held = table(count)
    found: dict[str, list[float]] = {"apply": [], "pause": []}
    for number in range(deltas):
        changed = tool("up0", number % PER_UPSTREAM, b'{"description":"changed %d"}' % number)
        delta = Delta("a-registry", held.revision, held.revision + 1, (changed,))
        steps = applying(held, delta)
        longest, begun = 0.0, time.thread_time()
        while True:
            before = time.thread_time()
            try:
                next(steps)
            except StopIteration as done:
                held = done.value.table
                break
            finally:
                longest = max(longest, time.thread_time() - before)
        took = time.thread_time() - begun
        found["apply"].append(took * 1000)
        found["pause"].append(min(took, longest + SLICE) * 1000)
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="bench.apply_delta", description=__doc__)
    parser.add_argument("--tools", type=int, default=10_000)
    parser.add_argument("--deltas", type=int, default=200)
    options = parser.parse_args()
    print(json.dumps(measure(options.tools, options.deltas)))
