"""What is said to an endpoint for embeddings and by it (OpenAI's `/v1/embeddings`, which vLLM,
Ollama, LiteLLM and text-embeddings-inference answer, too)."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from mcpgateway.common.search.vectors import Vector, vector

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`key` may be empty; `dimensions` 0: as many as the model has."""

    url: str
    model: str
    key: str = ""
    dimensions: int = 0


class _Item(msgspec.Struct):
    index: int
    embedding: msgspec.Raw


class _Answer(msgspec.Struct):
    data: list[_Item]


_answer = msgspec.json.Decoder(_Answer)
_numbers = msgspec.json.Decoder(list[float])


def request(to: Endpoint, texts: Sequence[str]) -> bytes:
    """The body."""
    asked: dict[str, Any] = {"model": to.model, "input": texts, "encoding_format": "float"}
    if to.dimensions:
        asked["dimensions"] = to.dimensions
    return msgspec.json.encode(asked)


def vectors(body: bytes, count: int) -> Generator[None, None, list[Vector]]:
    """Those of so many texts, in their order; all have as many numbers. Raises ValueError for
    anything else."""
    items = sorted(_decoded(_answer, body).data, key=lambda each: each.index)
    if [each.index for each in items] != list(range(count)):
        raise ValueError(f"{count} texts need as many vectors, numbered from 0")
    made: list[Vector] = []
    for item in items:
        numbers = _decoded(_numbers, item.embedding)
        made.append(vector(numbers))
        yield
    if len({len(each.values) for each in made}) > 1:
        raise ValueError("vectors of one model must have as many numbers each")
    return made


def _decoded(decoder: msgspec.json.Decoder[T], text: bytes | msgspec.Raw) -> T:
    try:
        return decoder.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(str(error)) from error
