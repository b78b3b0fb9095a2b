"""The capabilities of an endpoint, with tasks where calls can become some.

To modern clients that is an extension, to those of 2025-11-25 a capability; older ones know of
none. Those of 2025-11-25 are also told of which tools a task can be asked, where the gateway keeps
it: their upstreams do not say so in words of theirs.
"""

from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import msgspec

from mcpgateway.common.mcp import tasks
from mcpgateway.common.mcp.revisions import V2025_11_25, Era
from mcpgateway.common.routing.view import View
from mcpgateway.common.routing.view_lists import ListName

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

    def tools(self, era: Era, revision: str) -> ListName:
        """Which list of tools a client is shown."""
        if era == "modern":
            return "tools"
        return "task_tools" if self._kept and revision >= V2025_11_25 else "legacy_tools"

    def _of(self, view: View) -> _Offered:
        found = self._known.get(view)
        if found is None:
            found = self._known[view] = self._made(view)
        return found

    def _made(self, view: View) -> _Offered:
        plain = view.capabilities
        modern = legacy = plain
        if "tools" in _members.decode(plain):
            if self._offers(view, "modern"):
                modern = _with(plain, "extensions", {tasks.EXTENSION: {}})
            if self._offers(view, "legacy"):
                legacy = _with(plain, "tasks", tasks.LEGACY_CAPABILITY)
        return _Offered(modern, legacy)

    def _offers(self, view: View, era: Era) -> bool:
        """Without the gateway tasks are of the upstreams of the client's own era."""
        return self._kept or any(
            each.era == era and tasks.offered(each.capabilities, era) for each in view.upstreams
        )


def _with(capabilities: bytes, name: str, value: Any) -> bytes:
    """JSON of the capabilities and one more member, or the members that it lacked."""
    members: dict[str, Any] = {**_members.decode(capabilities)}
    there = members.get(name)
    members[name] = value if there is None else {**_members.decode(there), **value}
    return msgspec.json.encode(members)
