"""Commands that run as the same user do not read what the runner knows."""

import subprocess
import sys

import pytest

# PR_GET_DUMPABLE is 3: what /proc asks before it shows memory and environment to the same user.
PROGRAM = """
import ctypes
from mcpgateway.runner.guarded import guard
prctl = ctypes.CDLL(None).prctl
print(prctl(3, 0, 0, 0, 0), guard(), prctl(3, 0, 0, 0, 0))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_a_guarded_process_is_closed_to_its_own_user() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=30
    )
    assert done.stdout.split() == ["1", "True", "0"], done.stderr
