"""Calls a gRPC method with grpc.aio, as fast as answers come: what a program would do that has and
wants JSON, and needs no gateway. Prints calls per second, and the microseconds of CPU of each.

So many tasks over one channel await their answers and read them. No two calls are the same.
"""

import argparse
import asyncio
import time
from typing import Any

import grpc.aio
import uvloop
from google.protobuf.json_format import MessageToDict, ParseDict

from bench import grpc_method
from bench.messages import NUMBER


async def calls(get: Any, asked: Any, until: float) -> int:
    made = 0
    while time.perf_counter() < until:
        said = {"text": f"hello {NUMBER + made}"}
        MessageToDict(await get(ParseDict(said, asked())))
        made += 1
    return made


async def main(port: int, seconds: float, tasks: int) -> None:
    asked, item = grpc_method.classes()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        written, read = asked.SerializeToString, item.FromString
        get: Any = channel.unary_unary(grpc_method.PATH, written, read)
        await get(asked())
        begun, used = time.perf_counter(), time.process_time()
        until = begun + seconds
        made = sum(await asyncio.gather(*[calls(get, asked, until) for _ in range(tasks)]))
        took, used = time.perf_counter() - begun, time.process_time() - used
    print(made / took, used * 1e6 / made)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="bench.direct_grpc", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--tasks", type=int, default=32)
    options = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(options.port, options.seconds, options.tasks))
