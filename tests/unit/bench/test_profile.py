"""What the profilers print becomes shares of a call, by machine code and by room."""

import pytest

from bench.profile import LOOP, by_code, by_function, by_room, room, table

PERF = """
 51.85% ;libpython3.11.so.1.0
 41.01% ;[kernel.kallsyms]
 3.00%  ;loop.cpython-311-x86_64-linux-gnu.so
 0.14%  ;libc.so.6
 1.00%  ;something.so
"""
STACKS = [
    "main (a.py:1);Runner.run (asyncio/runners.py:118) 20",
    "Runner.run (asyncio/runners.py:1);Guest.x (common/runtime/http/server_connection.py:9) 30",
    "Runner.run (asyncio/runners.py:118);Pool.y (common/runtime/http/pool.py:5) 25",
    "Runner.run (asyncio/runners.py:118);Pool.y (common/runtime/http/pool.py:7) 25",
    "_bootstrap (threading.py:995);_worker (concurrent/futures/thread.py:81) 1000",
    "a line that is no stack",
]


def test_machine_code_is_grouped_by_what_it_belongs_to() -> None:
    assert by_code(PERF) == pytest.approx(
        {"Python interpreter": 51.85, "kernel": 41.01, "uvloop": 3.0, "other": 1.14}
    )


def test_samples_count_for_the_room_of_the_innermost_function() -> None:
    assert by_room(STACKS) == {
        "HTTP client and pool, with its writes": 50.0,
        "HTTP server, with its writes": 30.0,
        LOOP: 20.0,
    }


def test_samples_of_other_threads_are_left_out() -> None:
    assert sum(by_room(STACKS).values()) == 100.0
    assert list(by_function(STACKS)) == [
        "Pool.y (pool.py)",
        "Guest.x (server_connection.py)",
        "Runner.run (runners.py)",
    ]


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("/x/services/data_plane/mcpgateway/data_plane/edge/app.py", "edge: admission, headers"),
        ("data_plane/upstreams/relay.py", "upstream clients: request, relay"),
        ("common/jsonrpc.py", "JSON-RPC: decode and join"),
        ("common/runtime/http/head_prediction.py", "heads compared with the last one (both sides)"),
        ("<frozen runpy>", LOOP),
    ],
)
def test_rooms_are_known_by_the_path_below_the_namespace(file: str, expected: str) -> None:
    assert room(file) == expected


def test_shares_become_microseconds_and_small_ones_are_left_out() -> None:
    assert table("code", {"a": 75.0, "b": 0.4}, 40.0).splitlines()[2:] == ["| a | 30.0 | 75 |"]
