"""Which operations become tools. Pure."""

from collections.abc import Iterable

from mcpgateway.control_plane.registry.openapi.parts import Operation
from mcpgateway.control_plane.registry.transports.openapi import Choice, OpenApiOptions


def refusal(options: OpenApiOptions, operation: Operation) -> str:
    """Why an operation is not chosen; "" when it is."""
    kind = next((kind for kind, said, hit in _held(options, operation) if said and not hit), "")
    if kind:
        return f"is not among the {kind} that were chosen"
    kind = next((kind for kind, _, hit in _held(options.exclude, operation) if hit), "")
    if kind:
        return f"is excluded by its {kind}"
    if operation.deprecated and not options.deprecated:
        return "is deprecated"
    return ""


def _held(choice: Choice, operation: Operation) -> Iterable[tuple[str, bool, bool]]:
    """Each kind, whether the choice says something of it, and whether that names the operation."""
    return (
        ("tags", bool(choice.tags), not set(choice.tags).isdisjoint(operation.tags)),
        ("paths", bool(choice.paths), _matches(choice.paths, operation.path)),
        ("methods", bool(choice.methods), operation.method in choice.methods),
        ("operations", bool(choice.operations), _matches(choice.operations, operation.id)),
    )


def _matches(patterns: Iterable[str], name: str) -> bool:
    return any(fits(pattern, name) for pattern in patterns)


def fits(pattern: str, name: str) -> bool:
    """`*` is anything, slashes too. Never slower than the length of both together lets expect:
    what stands between stars is looked for once, from the left."""
    first, *rest = pattern.split("*")
    if not rest:
        return name == pattern
    *between, last = rest
    if len(name) < len(first) + len(last) or not (name.startswith(first) and name.endswith(last)):
        return False
    at, end = len(first), len(name) - len(last)
    for part in between:
        found = name.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def unused(options: OpenApiOptions, operations: Iterable[Operation]) -> list[str]:
    """What was chosen and names no operation: often misspelt."""
    found = list(operations)
    tags = {tag for each in found for tag in each.tags}
    problems = [f"tag {tag!r} names no operation" for tag in options.tags if tag not in tags]
    for kind, patterns, names in (
        ("path", options.paths, [each.path for each in found]),
        ("operation", options.operations, [each.id for each in found]),
    ):
        for pattern in patterns:
            if not any(fits(pattern, name) for name in names):
                problems.append(f"{kind} {pattern!r} names no operation")
    return problems
