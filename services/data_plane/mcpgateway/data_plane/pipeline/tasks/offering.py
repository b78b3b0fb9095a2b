"""The capabilities of an endpoint, with tasks where calls can become some.

To modern clients that is an extension, to those of 2025-11-25 a capability; older ones know of
none. Legacy clients are also told which tools a task can be asked of, where their upstream has
tasks but no words of theirs to say so.
"""

from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import msgspec

from mcpgateway.common.mcp import tasks
from mcpgateway.common.mcp.revisions import V2025_11_25
from mcpgateway.common.routing.view import View

_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


class _Offered(NamedTuple):
    modern: bytes
    legacy: bytes


class TaskOffering:
    """`kept`: the gateway itself keeps tasks, for upstreams that have none."""

    def __init__(self, *, kept: bool) -> None:
        self._kept = kept
        self._known: WeakKeyDictionary[View, _Offered] = WeakKeyDictionary()

    def modern(self, view: View) -> bytes:
        """What `server/discover` answers."""
        return self._of(view).modern

    def legacy(self, view: View, revision: str) -> bytes:
        """What `initialize` answers."""
        return self._of(view).legacy if revision >= V2025_11_25 else view.capabilities

    def _of(self, view: View) -> _Offered:
        found = self._known.get(view)
        if found is None:
            found = self._known[view] = self._made(view)
        return found

    def _made(self, view: View) -> _Offered:
        plain = view.capabilities
        if not (self._offers(view) and "tools" in _members.decode(plain)):
            return _Offered(plain, plain)
        extension = _with(plain, "extensions", {tasks.EXTENSION: {}})
        return _Offered(extension, _with(plain, "tasks", tasks.LEGACY_CAPABILITY))

    def _offers(self, view: View) -> bool:
        return self._kept or any(
            tasks.offered(each.capabilities, each.era) for each in view.upstreams
        )


def _with(capabilities: bytes, name: str, value: Any) -> bytes:
    """JSON of the capabilities and one more member, or the members that it lacked."""
    members: dict[str, Any] = {**_members.decode(capabilities)}
    there = members.get(name)
    members[name] = value if there is None else {**_members.decode(there), **value}
    return msgspec.json.encode(members)
