"""Filters and schemas applied to documents: `runtime.bounded` has a worker process do it."""

import json
from functools import lru_cache
from typing import Literal, NamedTuple

import msgspec

from mcpgateway.common import result_filter, schema_check
from mcpgateway.common.runtime.workers.child import run
from mcpgateway.common.strict_json import Located

_CHECKS = 64  # compiled schemas that are kept


class Work(NamedTuple):
    """`by` is the text of a filter, or a schema as JSON; `document` is JSON."""

    kind: Literal["filter", "schema"]
    by: bytes
    document: bytes


class Done(NamedTuple):
    """`value` is what a filter gives, JSON; `problems` what is wrong by a schema; `failed` why
    neither could be said."""

    value: bytes = b""
    problems: tuple[Located, ...] = ()
    failed: str = ""


def do(work: Work) -> Done:
    if work.kind == "filter":
        try:
            return Done(result_filter.apply(work.by.decode(), work.document))
        except result_filter.FilterFailed as error:
            return Done(failed=str(error))
    try:
        return Done(problems=tuple(_check(work.by).problems(json.loads(work.document))))
    except (ValueError, RecursionError) as error:
        return Done(failed=str(error)[:300])


@lru_cache(maxsize=_CHECKS)
def _check(schema: bytes) -> schema_check.Check:
    return schema_check.Check(json.loads(schema))


_decode = msgspec.msgpack.Decoder(Work).decode


def answer(asked: bytes) -> bytes:
    return msgspec.msgpack.encode(do(_decode(asked)))


if __name__ == "__main__":
    do(Work("filter", b".", b"0"))  # what is imported late, is now
    do(Work("filter", b"$.a", b"{}"))
    run(answer)
