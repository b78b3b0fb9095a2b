"""The error tree says who is to blame, with a status and a stable code for each."""

from mcpgateway.common import errors


def leaves(kind: type[errors.GatewayError]) -> list[type[errors.GatewayError]]:
    below = [sub for sub in kind.__subclasses__() if sub.__module__ == errors.__name__]
    return [leaf for sub in below for leaf in leaves(sub)] if below else [kind]


def test_every_error_has_a_code_of_its_own_and_the_status_of_its_side() -> None:
    found = leaves(errors.GatewayError)
    assert len({kind.code for kind in found}) == len(found)
    for kind in found:
        side = 4 if issubclass(kind, errors.CallerError) else 5
        assert kind.status // 100 == side, kind


def test_an_error_carries_its_problems() -> None:
    error = errors.InvalidCall("no", errors=[errors.FieldProblem("name", "too long", "max 5")])
    assert error.message == str(error) == "no"
    assert error.errors[0].field == "name"
