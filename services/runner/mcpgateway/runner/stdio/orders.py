"""What the control plane ordered last of each upstream, by which older tickets are known. Pure.

A ticket is no secret of the one command it names: data planes keep it for as long as the upstream
is as it was. One that somebody kept for longer must not bring an older command back.
"""

from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

import msgspec

from mcpgateway.common.processes import StdioTicket

MOST = 10_000  # upstreams; of more, the one that was asked for least recently is forgotten
GRACE = 15.0  # seconds in which what was ordered before is still served: data planes hear later

Verdict = Literal["same", "newer", "older", "ended"]


@dataclass(frozen=True, slots=True)
class Order:
    """`digest` is of what is run, "" for nothing; `since`: on the clock of the judge."""

    digest: str
    issued: float
    since: float
    before: str = ""


def digest_of(ticket: StdioTicket) -> str:
    """Of what makes it another process. When it was issued, and for whose eyes, does not."""
    said = (ticket.process, ticket.environment)
    return sha256(msgspec.json.encode(said)).hexdigest()


class Orders:
    """Kept in memory alone: a runner that starts believes the first ticket that it is shown."""

    def __init__(self) -> None:
        self._last: OrderedDict[str, Order] = OrderedDict()

    def judge(self, upstream: str, digest: str, issued: float, now: float) -> Verdict:
        """And note it. `now` is on a monotonic clock."""
        last = self._last.get(upstream)
        if last is None:
            self._note(upstream, Order(digest, issued, now))
            return "newer"
        if digest == last.digest:
            newest = max(issued, last.issued)
            self._note(upstream, Order(digest, newest, last.since, last.before))
            return "same"
        if issued > last.issued:
            self._note(upstream, Order(digest, issued, now, last.digest))
            return "newer"
        if not last.digest:
            return "ended"
        recent = digest == last.before and now - last.since < GRACE
        return "same" if recent else "older"

    def end(self, upstream: str, issued: float, now: float) -> bool:
        """What was ordered before `issued` is over. False when something newer was ordered."""
        last = self._last.get(upstream)
        if last is not None and last.issued > issued:
            return False
        self._note(upstream, Order("", issued, now))
        return True

    def _note(self, upstream: str, order: Order) -> None:
        self._last[upstream] = order
        self._last.move_to_end(upstream)
        if len(self._last) > MOST:
            self._last.popitem(last=False)
