"""Errors of items: which item, and several as one. Pure."""

import copy
from collections.abc import Sequence

from mcpgateway.common.errors import FieldProblem, GatewayError, InvalidCall
from mcpgateway.control_plane.registry.transfer.model import Item, Result

SHOWN = 20  # errors in one message; all of them are in `errors`


def at_item(error: GatewayError, item: Item) -> GatewayError:
    """The same error, that says which item it is of."""
    told = copy.copy(error)
    told.message = f"{item.told} ({item.at}): {error.message}"
    told.args = (told.message,)
    told.errors = tuple(
        problem._replace(field=item.spot(problem.field)) for problem in error.errors
    ) or (FieldProblem(item.at, error.message, error.code),)
    return told


def joined(errors: Sequence[GatewayError]) -> GatewayError:
    """One is itself; several are an InvalidCall that names all."""
    if len(errors) == 1:
        return errors[0]
    text = "; ".join(error.message for error in errors[:SHOWN])
    more = len(errors) - SHOWN
    return InvalidCall(
        f"{text}; and {more} more" if more > 0 else text,
        errors=[problem for error in errors for problem in error.errors],
    )


def result(error: GatewayError, item: Item) -> Result:
    """What is told of an item that failed alone."""
    return Result(
        at=item.at,
        kind=item.kind,
        name=item.name,
        action="failed",
        error=error.message,
        code=error.code,
        fields=tuple(
            {"field": item.spot(each.field), "problem": each.problem} for each in error.errors
        ),
        notes=item.notes,
    )
