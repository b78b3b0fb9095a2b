"""What is wrong with one field, found where more is known than the body. Pure."""

from mcpgateway.common.errors import FieldProblem, InvalidCall


def wrong(field: str, problem: str, rule: str) -> InvalidCall:
    return InvalidCall(f"{field} {problem}", errors=[FieldProblem(field, problem, rule)])
