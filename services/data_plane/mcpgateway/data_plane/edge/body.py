"""Request bodies that are JSON: whether they say so, and the one that is an object."""

from collections.abc import Mapping

import msgspec

from mcpgateway.common.errors import InvalidCall
from mcpgateway.common.jsonrpc import Params, decode_outermost
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.common.runtime.http.wire import JSON, media_type

_object = msgspec.json.Decoder(Params)


class NotJson(InvalidCall):
    """The body is declared to be something else."""

    status = 415
    code = "unsupported_media_type"


def require_json(lines: Mapping[bytes, bytes]) -> None:
    """Raises NotJson unless Content-Type says JSON."""
    if media_type(lines.get(b"content-type", b"")) != JSON:
        raise NotJson("Content-Type must be application/json")


def read_object(exchange: Exchange, lines: Mapping[bytes, bytes]) -> Params:
    """The members of the object in the body, each raw; none for an empty body. Raises
    InvalidCall."""
    body = exchange.body
    if not body:
        return {}
    require_json(lines)
    try:
        body.decode()
        return decode_outermost(_object, body)
    except UnicodeDecodeError as error:
        raise InvalidCall(f"the body is not UTF-8 at byte {error.start}") from error
    except msgspec.ValidationError as error:
        raise InvalidCall(f"the body must be a JSON object: {error}") from error
    except msgspec.DecodeError as error:
        raise InvalidCall(f"the body is no JSON: {error}") from error
    except RecursionError:
        raise InvalidCall("the body is JSON nested too deeply") from None
