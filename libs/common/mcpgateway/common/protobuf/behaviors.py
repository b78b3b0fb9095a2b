"""What `google.api.field_behavior` says of a field: whether it must be set, or may not be. Pure.

The annotation is an extension; whether this process happens to know it does not matter here.
"""

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.empty_pb2 import Empty
from google.protobuf.unknown_fields import UnknownFieldSet

REQUIRED, OUTPUT_ONLY, INPUT_ONLY = 2, 3, 4

_EXTENSION = 1052  # field_behavior: repeated, packed or not


def behaviors(field: FieldDescriptor) -> frozenset[int]:
    """The numbers of its behaviors; all have one byte."""
    if not field.has_options:
        return frozenset()
    options = UnknownFieldSet(Empty.FromString(field.GetOptions().SerializeToString()))
    found: set[int] = set()
    for member in (options[index] for index in range(len(options))):
        if member.field_number == _EXTENSION:
            found.update(member.data if isinstance(member.data, bytes) else (member.data,))
    return frozenset(found)
