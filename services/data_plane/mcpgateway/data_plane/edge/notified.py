"""What legacy clients notify: only a cancellation changes anything here."""

import msgspec

from mcpgateway.common import jsonrpc

CANCELLED = "notifications/cancelled"
_request_id: msgspec.json.Decoder[int | str] = msgspec.json.Decoder(int | str)


def cancelled_request(frame: jsonrpc.Frame) -> jsonrpc.Id | None:
    """The id of the request that a notification cancels; None for any other."""
    if frame.method != CANCELLED or not isinstance(frame.params, dict):
        return None
    try:
        return _request_id.decode(frame.params["requestId"])
    except (KeyError, msgspec.DecodeError):
        return None
