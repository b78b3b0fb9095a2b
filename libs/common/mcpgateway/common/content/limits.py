"""How much a template may be, and make. Every number is checked where it is named."""

from typing import NamedTuple


class Limits(NamedTuple):
    """`messages`: bytes of the JSON of a prompt's messages. `template`: characters of one text.
    `arguments`: characters of all arguments of a call. `result`: characters of all texts that one
    call makes. `seconds`, `memory` (bytes): of the process that renders what does more than
    copy."""

    messages: int = 100 * 1024
    template: int = 64 * 1024
    arguments: int = 1024 * 1024
    result: int = 1024 * 1024
    seconds: float = 1.0
    memory: int = 256 * 1024 * 1024


LIMITS = Limits()
