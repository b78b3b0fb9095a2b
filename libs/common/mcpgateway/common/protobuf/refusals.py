"""Why protobuf makes no message of a call's arguments, in words for whoever called the tool: what
there is in place of a name that is not, and nothing of Python. Pure.
"""

import re
from collections.abc import Iterable

from google.protobuf.descriptor import Descriptor, EnumDescriptor
from google.protobuf.descriptor_pool import DescriptorPool

MAX_SAID = 500  # characters

_WAY = re.compile(r"Failed to parse (\w+) field: ")
_UNKNOWN = re.compile(r'Message type "([\w.]+)" has no field named "(.*?)" at "(.*?)"\.')
_NO_VALUE = re.compile(r"Invalid enum value (.*) for enum type ([\w.]+) at ([^ ]+)$")
_SEVERAL = re.compile(
    r'Message type "([\w.]+)" should not have multiple "(\w+)" oneof fields at "(.*?)"'
)
_PYTHON = (
    (re.compile(r"invalid literal for int\(\) with base 10: (.*)"), r"\1 is no integer"),
    (re.compile(r"expected string or bytes-like object, got '\w+'"), "must be a string"),
    (re.compile(r"'\w+' object is not iterable"), "must be an object"),
    (re.compile(r"object of type '\w+' has no len\(\)"), "must be a string of base64"),
    (re.compile(r"int\(\) argument must be .*"), "must be an integer"),
    (re.compile(r"float\(\) argument must be .*"), "must be a number"),
    (re.compile(r"unhashable type: '\w+'"), "must be the name of a value"),
)


def told(error: Exception, pool: DescriptorPool) -> str:
    """Of what ParseDict raised, on one line. `pool` has the types that it names."""
    said = " ".join(str(error).split()).rstrip(".")
    return (_named(said, pool) or _placed(said))[:MAX_SAID]


def _named(said: str, pool: DescriptorPool) -> str:
    """Where protobuf misses a name, or has one too many: those that there are. Else ""."""
    unknown, several = _UNKNOWN.search(said), _SEVERAL.search(said)
    value = _NO_VALUE.search(said)
    if unknown is not None:
        message: Descriptor = pool.FindMessageTypeByName(unknown[1])
        known = _listed(message.fields_by_name)
        return f"{unknown[3]} has no field {unknown[2]!r}; the fields of {unknown[1]}: {known}"
    if several is not None:
        message = pool.FindMessageTypeByName(several[1])
        choice = message.oneofs_by_name[several[2]]
        return f"{several[3]} takes at most one of {_listed(each.name for each in choice.fields)}"
    if value is not None:
        enum: EnumDescriptor = pool.FindEnumTypeByName(value[2])
        known = _listed(enum.values_by_name)
        return f"{value[3]} can not be {value[1]!r}; the values of {value[2]}: {known}"
    return ""


def _placed(said: str) -> str:
    way = ".".join(_WAY.findall(said)[:20])
    plain = _WAY.sub("", said)
    for python, words in _PYTHON:
        plain = python.sub(words, plain)
    return f"{way}: {plain}" if way else plain


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"
