"""What an operator puts over an upstream's words of a tool, prompt or resource. Pure.

Both are JSON objects as text; members keep the bytes that they came in.
"""

import msgspec

_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_NULL = b"null"


def effective(definition: str, overrides: str) -> str:
    """The definition with the members of `overrides` in place of its own; null removes one.
    Without overrides it is the same text. Raises msgspec.DecodeError when either is no object."""
    if overrides in ("", "{}"):
        return definition
    members = _object.decode(definition)
    for name, value in _object.decode(overrides).items():
        if bytes(value) == _NULL:
            members.pop(name, None)
        else:
            members[name] = value
    return msgspec.json.encode(members).decode()
