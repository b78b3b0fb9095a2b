"""Why arguments are no message, as the model that wrote them is told."""

import json
from typing import Any

import pytest

from mcpgateway.common.protobuf.codec import BadArguments, Codec
from mcpgateway.common.protobuf.refusals import MAX_SAID, told
from support.grpc_service import pool

ECHO = Codec(pool(), "probe.v1.Probe.Echo")
COLOURS = "the values of probe.v1.Colour: COLOUR_UNSPECIFIED, RED, GREEN"


def problem(arguments: Any) -> str:
    with pytest.raises(BadArguments) as bad:
        ECHO.requests(json.dumps(arguments).encode())
    return bad.value.problems[0].problem


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"colour": "BLUE"}, f"Everything.colour can not be 'BLUE'; {COLOURS}"),
        ({"colours": ["RED", "X Y"]}, f"Everything.colours[1] can not be 'X Y'; {COLOURS}"),
        (
            {"by_name": "a", "by_number": 1},
            "Everything takes at most one of by_name, by_number, by_tree",
        ),
        (
            {"tree": {"children": [{"lbl": 1}]}},
            "Everything.tree.children[0] has no field 'lbl'; "
            "the fields of probe.v1.Tree: label, children, leaf",
        ),
    ],
)
def test_where_a_name_is_wrong_those_that_there_are_are_listed(arguments: Any, says: str) -> None:
    assert problem(arguments) == says


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"an_int32": "x"}, "an_int32: 'x' is no integer"),
        ({"an_int32": []}, "an_int32: must be an integer"),
        ({"a_double": {}}, "a_double: must be a number"),
        ({"tree": {"children": [{"label": 5}]}}, "tree.children.label: must be a string"),
        ({"tree": {"children": [5]}}, "tree.children: must be an object"),
        ({"some_bytes": 5}, "some_bytes: must be a string of base64"),
        ({"colour": []}, "colour: must be the name of a value"),
    ],
)
def test_what_python_would_say_is_said_in_words_of_json(arguments: Any, says: str) -> None:
    assert problem(arguments) == says


def test_what_is_said_is_one_line_within_a_bound() -> None:
    said = told(ValueError("a\nb " + "c" * 9999), pool())
    assert said.startswith("a b c")
    assert len(said) == MAX_SAID
