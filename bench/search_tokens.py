"""What a model reads until a task is done: with all tools listed to it, and with search.

Counted, not tried: each labelled query is a task of one call. A model reads all that was said so
far in each turn, the tools' definitions among it. With all tools listed there are two: it calls,
it reads the answer. With search there is one more, and another for each search that finds none of
the tools that would do: the second asks for more. Who then finds none has not finished.
"""

from typing import NamedTuple

from bench.labelled import Labelled, labelled_queries, labelled_tools
from mcpgateway.common.routing.model import Tool
from mcpgateway.common.routing.search_tools import LIST, MOST, USUAL
from mcpgateway.common.routing.view_lists import definition_of
from mcpgateway.common.runtime.slices import begun
from mcpgateway.common.search.index import Index
from mcpgateway.common.search.said import summary

BYTES = 4  # of a token
REQUEST, CALL, ANSWER = 40, 60, 200  # tokens of what the user says, of a call, of a tool's answer


class Spent(NamedTuple):
    """`listed` and `searched`: tokens that are read for a finished task, on the average."""

    tools: int
    tasks: int
    recall: float
    again: int
    unfinished: int
    listed: float
    searched: float


def spent(name: str) -> Spent:
    """Of the labelled queries of this name."""
    tools, index = labelled_tools(), Index()
    for tool in tools:
        index.put(tool)
    tasks = labelled_queries(name)
    done = [_searched(index, task) for task in tasks]
    first = sum(1 for each in done if each is not None and each.searches == 1)
    finished = [each.read for each in done if each is not None]
    whole = _tokens(b"".join(definition_of(each.name, each, "modern") for each in tools))
    return Spent(
        len(tools),
        len(tasks),
        first / len(tasks),
        len(finished) - first,
        len(tasks) - len(finished),
        _listed(whole),
        sum(finished) / len(finished),
    )


class _Done(NamedTuple):
    searches: int
    read: float


def _listed(definitions: float) -> float:
    return _turns(definitions, [CALL + ANSWER])


def _searched(index: Index, task: Labelled) -> _Done | None:
    said: list[float] = []
    for limit in (USUAL, MOST):
        found: list[Tool] = begun(index.search(task.query, limit, lambda _: True), 10)
        shown = b"".join(str(summary(each.name, each)).encode() for each in found)
        said.append(CALL + _tokens(shown))
        if any(each.name in task.wanted for each in found):
            return _Done(len(said), _turns(_tokens(LIST), [*said, CALL + ANSWER]))
    return None


def _turns(definitions: float, said: list[float]) -> float:
    """What is read in all turns: after each call there is another."""
    heard, read = float(REQUEST), definitions + REQUEST
    for each in said:
        heard += each
        read += definitions + heard
    return read


def _tokens(text: bytes) -> float:
    return len(text) / BYTES
