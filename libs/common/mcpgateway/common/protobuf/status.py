"""How a call of gRPC ended, in words for whoever called the tool: the status, what its details
(google.rpc.Status) say is to be changed, and what that status means. Pure.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2, status_pb2

from mcpgateway.common import jsonrpc
from mcpgateway.common.protobuf.codec import Unshown, shown

DETAILS = "grpc-status-details-bin"
"""The member of the trailing metadata that has them."""

MAX_SAID = 2000  # characters of a message, and of the details
_MAX_DETAILS = 20

_ADVICE = {
    "CANCELLED": "the service cancelled it",
    "UNAUTHENTICATED": "it does not accept the credentials that are registered for it",
    "PERMISSION_DENIED": "whoever the gateway calls as may not do that",
    "UNIMPLEMENTED": "the service has no such method any more; its tools need a refresh",
    "RESOURCE_EXHAUSTED": "a quota is used up, or the message is too large; ask for less, or later",
    "UNAVAILABLE": "the service is not there now; try again later",
    "DEADLINE_EXCEEDED": "it was not done in its time",
    "ABORTED": "it clashed with another call; begin again from where its data were read",
    "FAILED_PRECONDITION": "asking again changes nothing before that is put right",
}
_UNCERTAIN = frozenset(("CANCELLED", "UNKNOWN", "DEADLINE_EXCEEDED", "INTERNAL", "UNAVAILABLE"))


class Ended(NamedTuple):
    """`code` is the name of a status, `said` its message, `details` what DETAILS has. `once`:
    calling twice is not the same as once. `unsent`: it is known that nothing went out."""

    method: str
    code: str
    said: str = ""
    details: bytes = b""
    once: bool = False
    unsent: bool = False


def told(ended: Ended, pool: DescriptorPool) -> str:
    """A text of several lines. `pool` has the details that the service's own types are."""
    message, details = _read(ended)
    said = _short(message)
    advice = _ADVICE.get(ended.code, "")
    head = f"{ended.method} ended with {ended.code}"
    lines = [f"{head}: {said}" if said else head]
    lines += [f"- {each}" for each in _lines(details, pool)]
    lines += [f"({advice})"] if advice else []
    if ended.once and not ended.unsent and ended.code in _UNCERTAIN:
        lines.append("It may have been carried out all the same: look before you ask again.")
    return "\n".join(lines)


def _read(ended: Ended) -> tuple[str, Sequence[Packed]]:
    try:
        status = status_pb2.Status.FromString(ended.details)
    except DecodeError:
        return ended.said, ()
    return ended.said or status.message, status.details[:_MAX_DETAILS]


def _lines(details: Sequence[Packed], pool: DescriptorPool) -> Iterator[str]:
    left = MAX_SAID
    for packed in details:
        for line in _of_detail(packed, pool):
            if left <= 0:
                yield "..."
                return
            text = _short(line, left)
            left -= len(text)
            yield text


def _of_detail(packed: Packed, pool: DescriptorPool) -> Iterator[str]:
    name = packed.type_url.rpartition("/")[2]
    known = _KNOWN.get(name)
    try:
        if known is not None:
            yield from known[1](known[0].FromString(packed.value))
            return
        own = GetMessageClass(pool.FindMessageTypeByName(name)).FromString(packed.value)
        yield f"{name}: {jsonrpc.encode(shown(own, pool)).decode()}"
    except (DecodeError, KeyError, Unshown):
        yield f"{name or 'a detail'} (it can not be read)"


def _bad_request(detail: Any) -> Iterator[str]:
    for each in detail.field_violations:
        yield f"field {each.field!r}: {each.description or each.reason}"


def _precondition(detail: Any) -> Iterator[str]:
    for each in detail.violations:
        yield f"{each.type} of {each.subject!r}: {each.description}"


def _quota(detail: Any) -> Iterator[str]:
    for each in detail.violations:
        yield f"quota of {each.subject!r}: {each.description}"


def _error_info(detail: Any) -> Iterator[str]:
    more = ", ".join(f"{key}={detail.metadata[key]}" for key in sorted(detail.metadata))
    domain = f" ({detail.domain})" if detail.domain else ""
    yield f"reason: {detail.reason}{domain}{more and f'; {more}'}"


def _retry(detail: Any) -> Iterator[str]:
    seconds = detail.retry_delay.seconds + detail.retry_delay.nanos / 1e9
    yield f"try again after {seconds:g} s"


def _resource(detail: Any) -> Iterator[str]:
    what = " ".join(filter(None, (detail.resource_type, repr(detail.resource_name))))
    yield f"{what}: {detail.description}"


def _help(detail: Any) -> Iterator[str]:
    for each in detail.links:
        yield f"{each.description or 'see'}: {each.url}"


def _localized(detail: Any) -> Iterator[str]:
    yield detail.message


def _request(detail: Any) -> Iterator[str]:
    yield f"request id: {detail.request_id}"


def _silent(_detail: Any) -> Iterator[str]:
    """What is of the inside of the service: a stack of its calls is nobody's business."""
    yield from ()


_Lines = Callable[[Any], Iterator[str]]
_KNOWN: Mapping[str, tuple[type[Message], _Lines]] = {
    kind.DESCRIPTOR.full_name: (kind, lines)
    for kind, lines in (
        (error_details_pb2.BadRequest, _bad_request),
        (error_details_pb2.PreconditionFailure, _precondition),
        (error_details_pb2.QuotaFailure, _quota),
        (error_details_pb2.ErrorInfo, _error_info),
        (error_details_pb2.RetryInfo, _retry),
        (error_details_pb2.ResourceInfo, _resource),
        (error_details_pb2.Help, _help),
        (error_details_pb2.LocalizedMessage, _localized),
        (error_details_pb2.RequestInfo, _request),
        (error_details_pb2.DebugInfo, _silent),
    )
}


def _short(text: str, most: int = MAX_SAID) -> str:
    said = " ".join(text.split())
    return said if len(said) <= most else f"{said[: max(most - 1, 0)]}…"
