"""`python -m mcpgateway.admin` as a process: starts, answers, stops."""

import asyncio
import signal
import sys

import aiohttp

from support.http import free_port
from support.wait import until


async def _start(**environ: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "mcpgateway.admin"),
        env={"PATH": "/usr/bin:/bin", **environ},
        stderr=asyncio.subprocess.PIPE,
    )


async def test_it_serves_until_it_is_told_to_stop_with_no_control_plane_there() -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    process = await _start(PORT=str(port), MCPGATEWAY_CONTROL_PLANE_URL="http://127.0.0.1:9")
    try:
        async with aiohttp.ClientSession() as http:

            async def answers() -> bool:
                try:
                    async with http.get(f"{url}/health") as answer:
                        return answer.status == 200
                except aiohttp.ClientConnectionError:
                    return False

            await until(answers, "the service answers")
            async with http.get(f"{url}/ready") as answer:
                assert answer.status == 503
            async with http.get(f"{url}/admin/") as answer:
                assert answer.url.path == "/admin/login"
                assert "server" not in answer.headers
        process.send_signal(signal.SIGTERM)
        _, err = await asyncio.wait_for(process.communicate(), 30)
        assert process.returncode == 0
        assert b"Traceback" not in err
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_wrong_settings_are_told_and_nothing_starts() -> None:
    process = await _start(PORT="x", MCPGATEWAY_CONTROL_PLANE_URL="nowhere")
    _, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 2
    assert b"PORT must be a whole number" in err
    assert b"MCPGATEWAY_CONTROL_PLANE_URL must look like http://" in err
    assert b"Traceback" not in err
