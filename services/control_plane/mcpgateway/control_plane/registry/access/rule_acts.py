"""The use cases of rules: make, change, delete."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from mcpgateway.common import ids
from mcpgateway.common.errors import Conflict, FieldProblem, InvalidCall, NotFound
from mcpgateway.common.policy.access.rules import problems
from mcpgateway.control_plane.registry.access.callers import policy_of
from mcpgateway.control_plane.registry.access.rights import CHANGE_RULES
from mcpgateway.control_plane.registry.access.role_acts import check_version
from mcpgateway.control_plane.registry.actor import Actor
from mcpgateway.control_plane.registry.people.model import AccessRule, Effect
from mcpgateway.control_plane.registry.ports import Change, Ports, WriteTx

KIND = "rule"  # the word of history
MAX_RULES = 1000  # each caller is held against all of them


class RuleDraft(msgspec.Struct, frozen=True, kw_only=True):
    """UNSET: nothing was said. `spec` as of `common.policy.access.rules.Spec`."""

    name: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    effect: Effect | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    spec: dict[str, Any] | UnsetType = UNSET


async def create(ports: Ports, actor: Actor, draft: RuleDraft) -> Change:
    """Raises Denied, InvalidCall, Conflict (name taken, too many, or one that would shut out
    whoever makes it)."""
    actor.check(CHANGE_RULES, "make rules")
    async with ports.store.write(actor.who) as tx:
        row = made(draft, ids.make_id(ports.entropy(16)), actor, tx)
        if len(await ports.store.read.access.rules()) >= MAX_RULES:
            raise Conflict(f"there are {MAX_RULES} rules, which is the limit")
        await _save(ports, tx, actor, row)
        return Change(row.id, tx.revision)


async def replace(
    ports: Ports, actor: Actor, id: str, draft: RuleDraft, expected: int | None
) -> Change:
    """Changes what the draft names. Raises what `create` does, NotFound, Stale."""
    actor.check(CHANGE_RULES, "change rules")
    async with ports.store.write(actor.who) as tx:
        current = await one(tx, id)
        check_version(current.version, expected)
        row = changed(draft, current)
        row = msgspec.structs.replace(row, version=current.version + 1, updated_at=tx.at)
        await _save(ports, tx, actor, row)
        return Change(id, tx.revision)


async def remove(ports: Ports, actor: Actor, id: str, expected: int | None) -> Change:
    """Raises Denied, NotFound, Stale."""
    actor.check(CHANGE_RULES, "delete rules")
    async with ports.store.write(actor.who) as tx:
        check_version((await one(tx, id)).version, expected)
        await tx.rules.remove([id])
        return Change(id, tx.revision)


async def roll_back(
    ports: Ports, actor: Actor, id: str, version: int, expected: int | None
) -> Change:
    """An old version as a new one, also of a rule that was deleted. Raises what `replace` does."""
    actor.check(CHANGE_RULES, "change rules")
    async with ports.store.write(actor.who) as tx:
        last = await tx.history.newest(KIND, [id])
        found = await tx.history.version(KIND, id, version)
        if not last or found is None:
            raise NotFound(f"rule {id!r} has no version {version}")
        newest = msgspec.json.decode(last[0].body, type=AccessRule)
        check_version(newest.version, expected)
        then = msgspec.json.decode(found.body, type=AccessRule)
        row = msgspec.structs.replace(then, version=newest.version + 1, updated_at=tx.at)
        await _save(ports, tx, actor, row)
        return Change(id, tx.revision)


async def one(tx: WriteTx, id: str) -> AccessRule:
    """Raises NotFound."""
    found = await tx.rules.get([id])
    if not found:
        raise NotFound(f"no rule {id!r}")
    return found[0]


def made(draft: RuleDraft, id: str, actor: Actor, tx: WriteTx) -> AccessRule:
    """Of a draft that says all that is required."""
    blank = AccessRule(
        id=id,
        name="",
        effect="deny",
        spec={},
        created_by=actor.viewer.email,
        created_at=tx.at,
        updated_at=tx.at,
    )
    return changed(draft, blank)


def changed(draft: RuleDraft, current: AccessRule) -> AccessRule:
    """With what the draft says."""
    names = [name for name in draft.__struct_fields__ if getattr(draft, name) is not UNSET]
    return msgspec.structs.replace(current, **{name: getattr(draft, name) for name in names})


def check_spec(spec: dict[str, Any]) -> list[FieldProblem]:
    """What is wrong with a spec, by members of a rule's body."""
    found = problems(spec)
    return [FieldProblem(each.field or "spec", each.problem, "rule") for each in found]


async def _save(ports: Ports, tx: WriteTx, actor: Actor, row: AccessRule) -> None:
    wrong = check_spec(row.spec)
    if wrong:
        raise InvalidCall("; ".join(f"{p.field} {p.problem}" for p in wrong), errors=wrong)
    if any(other.id != row.id for other in await tx.rules.keyed([row.name])):
        raise Conflict(f"another rule has the name {row.name!r}")
    await _refuse_shutting_out(ports, actor, row)
    await tx.rules.save([row])


async def _refuse_shutting_out(ports: Ports, actor: Actor, row: AccessRule) -> None:
    """Else nobody might be left who could take it back."""
    access = ports.store.read.access
    rules = {rule.id: rule for rule in await access.rules()} | {row.id: row}
    policy = policy_of(await access.roles(), rules.values())
    after = msgspec.structs.replace(actor.viewer, policy=policy).decide(CHANGE_RULES)
    if not after.allowed:
        raise Conflict(
            f"with this rule you could not change rules any more: {after.reason}. "
            f"Let it leave out {CHANGE_RULES}, or you"
        )
