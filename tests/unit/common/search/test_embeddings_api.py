"""What an endpoint for embeddings is asked, and what of its answers is believed."""

import json
from typing import Any

import pytest

from mcpgateway.common.runtime.slices import begun
from mcpgateway.common.search.embeddings_api import Endpoint, request, vectors
from mcpgateway.common.search.vectors import Vector, vector

A, B = [1.0] * 8, [1.0, -1.0] * 4


def read(answer: Any, count: int = 2) -> list[Vector]:
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return begun(vectors(body, count), 10)


def item(index: Any, embedding: Any) -> dict[str, Any]:
    return {"object": "embedding", "index": index, "embedding": embedding}


def test_a_request_names_model_and_texts_and_dimensions_where_they_are_chosen() -> None:
    asked = {"model": "m", "input": ["a", "b"], "encoding_format": "float"}
    assert json.loads(request(Endpoint("http://e", "m", "k"), ["a", "b"])) == asked
    assert json.loads(request(Endpoint("http://e", "m", "", 256), ["a", "b"])) == {
        **asked,
        "dimensions": 256,
    }


def test_vectors_are_in_the_order_of_their_texts() -> None:
    answer = {"data": [item(1, B), item(0, A)], "usage": {}}
    assert read(answer) == [vector(A), vector(B)]


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"<html>",
        b"[" * 100_000,
        b'{"data":[{"index":0,"embedding":' + b"[" * 100_000,
        {},
        {"data": None},
        {"data": [item(0, A)]},
        {"data": [item(0, A), item(0, A)]},
        {"data": [item(0, A), item(2, A)]},
        {"data": [item(0, A), item(1, A), item(2, A)]},
        {"data": [item(0, A), item("1", A)]},
        {"data": [item(0, A), item(1, "AAAA")]},
        {"data": [item(0, A), item(1, ["x"] * 8)]},
        {"data": [item(0, A), item(1, None)]},
        {"data": [item(0, A), item(1, [])]},
        {"data": [item(0, A), item(1, [0.0] * 8)]},
        {"data": [item(0, A), item(1, [1.0] * 9)]},
        {"data": [item(0, A), item(1, [1.0] * 9999)]},
        {"data": [item(0, A), {"embedding": A}]},
        b'{"data":[{"index":0,"embedding":[1,1,1,1,1,1,1,1e999]},{"index":1,"embedding":[]}]}',
    ],
)
def test_nonsense_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # which one is told by many
        read(wrong)
