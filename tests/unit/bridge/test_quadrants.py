"""What becomes of each kind of message between each kind of client and of upstream, over golden
files: one for each cell, so that what the bridge does can be read, and no cell changes unseen."""

from collections.abc import Callable
from typing import Any

import pytest

from support import golden
from support.bridge import Quadrant

QUADRANTS = [
    Quadrant("legacy", "legacy"),
    Quadrant("legacy", "modern"),
    Quadrant("modern", "legacy"),
    Quadrant("modern", "modern"),
]
KINDS: dict[str, Callable[[Quadrant, Any], Any]] = {
    "requests": Quadrant.request,
    "results": Quadrant.answer,
    "errors": Quadrant.answer,
    "notifications": Quadrant.notification,
    "questions": Quadrant.question,
    "replies": Quadrant.reply,
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("quadrant", QUADRANTS, ids="-".join)
def test_golden_bridge(quadrant: Quadrant, kind: str) -> None:
    name = f"bridge/{quadrant.client}_client-{quadrant.upstream}_upstream/{kind}"
    golden.check(name, lambda given: KINDS[kind](quadrant, given))
