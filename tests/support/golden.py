"""Golden files: cases with what they must give, as JSON. `make golden` rewrites the answers (it
sets UPDATE_GOLDEN); the diff is for a reader to judge.

A file is a list of `{"case": sentence, "given": ..., "gives": ...}`.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "golden"


def check(name: str, function: Callable[[Any], Any]) -> None:
    """Runs every case of `tests/golden/<name>.json` through the function."""
    path = FOLDER / f"{name}.json"
    cases = json.loads(path.read_text())
    assert cases, f"{path} holds no case"
    found = [{**case, "gives": function(case["given"])} for case in cases]
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
        return
    for case, now in zip(cases, found, strict=True):
        assert now["gives"] == case.get("gives"), case["case"]
