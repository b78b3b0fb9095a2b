"""The rules that are about one caller, found by what they are about. Pure."""

from collections.abc import Collection, Iterable, Iterator

from typing_extensions import override

from mcpgateway.common.policy.access.rules import CompiledRule, Object


class RuleIndex:
    """Rules by the ids and upstreams that they name, so that many rules about single things cost
    the others nothing. Rules that are about other things by their patterns or tags are tried."""

    def __init__(self, rules: Iterable[CompiledRule]) -> None:
        self._by_id: dict[str, list[CompiledRule]] = {}
        self._by_upstream: dict[str, list[CompiledRule]] = {}
        self._others: list[CompiledRule] = []
        self._order: dict[CompiledRule, int] = {}
        for rule in rules:
            self._order[rule] = len(self._order)
            if rule.objects.ids:
                for id in set(rule.objects.ids):
                    self._by_id.setdefault(id, []).append(rule)
            elif rule.objects.upstreams:
                for id in set(rule.objects.upstreams):
                    self._by_upstream.setdefault(id, []).append(rule)
            else:
                self._others.append(rule)

    def __bool__(self) -> bool:
        return bool(self._order)

    def about(self, action: str, thing: Object, at: str) -> list[CompiledRule]:
        """Those that concern the act, in the order in which they were given."""
        tried = [*self._others, *self._by_id.get(thing.id, ())]
        upstream = thing.id if thing.kind == "upstream" else thing.upstream
        tried += self._by_upstream.get(upstream, ())
        found = [rule for rule in tried if rule.concerns(action, thing, at)]
        return sorted(found, key=self._order.__getitem__) if len(found) > 1 else found

    def first(self, action: str, thing: Object, at: str) -> CompiledRule | None:
        found = self.about(action, thing, at)
        return found[0] if found else None


class RuleSet:
    """Equal to one of rules that say the same. Rules whose condition only a call can tell are
    `late`; in `rules` those that deny come first."""

    def __init__(self, rules: Iterable[CompiledRule]) -> None:
        self.rules = tuple(rules)
        self.ids = frozenset(rule.id for rule in self.rules)
        self.denies = RuleIndex(rule for rule in self.rules if rule.static and rule.denies)
        self.allows = RuleIndex(rule for rule in self.rules if rule.static and not rule.denies)
        self.late = RuleIndex(rule for rule in self.rules if not rule.static)
        self._hash = hash(self.rules)

    def __iter__(self) -> Iterator[CompiledRule]:
        return iter(self.rules)

    def __bool__(self) -> bool:
        return bool(self.rules)

    @override
    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, RuleSet) and self.rules == other.rules)

    @override
    def __hash__(self) -> int:
        return self._hash

    def changes_with(self, ids: Collection[str]) -> bool:
        """Whether one of the rules is named."""
        return not self.ids.isdisjoint(ids)


NO_RULES = RuleSet(())
