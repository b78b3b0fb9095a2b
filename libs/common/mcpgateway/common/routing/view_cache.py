"""The views of one table, by endpoint and class of callers, and which of them a change leaves."""

from collections.abc import Collection, Mapping

from mcpgateway.common.policy.access.policy import Rights
from mcpgateway.common.routing.model import Kind
from mcpgateway.common.routing.view import View
from mcpgateway.common.routing.view_lists import Formers, NamesByKind, later

ViewKey = tuple[str | None, Rights]
_OFFERED: tuple[Kind, ...] = ("upstream", "tool", "prompt", "resource")


class ViewCache:
    """The views of one table. At most `LIMIT`, and at most `MEMBERS` named members over all of
    them: when full, the oldest go (they are made again when asked for)."""

    LIMIT = 1024
    MEMBERS = 200_000
    FORMERS = 64  # views that changed, whose lists are kept for the view that takes their place

    def __init__(self) -> None:
        self._views: dict[ViewKey, View] = {}
        self._formers: dict[ViewKey, Formers] = {}
        self._members = 0

    def __len__(self) -> int:
        return len(self._views)

    def get(self, key: ViewKey) -> View | None:
        return self._views.get(key)

    def put(self, key: ViewKey, view: View) -> None:
        self._views[key] = view
        self._members += _size(view)
        while len(self._views) > 1 and (
            len(self._views) > self.LIMIT or self._members > self.MEMBERS
        ):
            self._members -= _size(self._views.pop(next(iter(self._views))))

    def formers(self, key: ViewKey) -> Formers:
        """Lists of the view that was here, for the one that takes its place."""
        return self._formers.pop(key, {})

    def without(self, touched: Mapping[Kind, Collection[str]], names: NamesByKind) -> "ViewCache":
        """The cache of the next table: views that depend on what was touched (ids by kind) are
        left out. `names` are all that the touched had and have."""
        kept = ViewCache()
        if not self._views and not self._formers:
            return kept
        rules, roles = touched["rule"], touched["role"]
        ids = frozenset(id for of_kind in touched.values() for id in of_kind)
        offers_touched = any(touched[kind] for kind in _OFFERED)
        for key, formers in self._formers.items():
            kept._keep(key, later(formers, names))
        for key, view in self._views.items():
            if key[1].depends_on(rules, roles):
                continue  # its class is most likely another now
            depends = view.depends
            stale = offers_touched if depends is None else not depends.isdisjoint(ids)
            if stale:
                kept._keep(key, view.lists.after(names))
            else:
                kept.put(key, view)
        return kept

    def _keep(self, key: ViewKey, formers: Formers) -> None:
        if not formers:
            return
        self._formers[key] = formers
        if len(self._formers) > self.FORMERS:
            del self._formers[next(iter(self._formers))]


def _size(view: View) -> int:
    return 1 + len(view.depends or ())
