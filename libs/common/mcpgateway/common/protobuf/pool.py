"""Sets of file descriptors: read from bytes within limits, packed for the way, and built.

A set that `read` or `unpack` answers holds each file once, after all that it imports, so `build`
takes it as it is. Descriptors come from strangers: what protobuf refuses is a `DescriptorError`.
"""

import zlib
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from google.protobuf import (
    any_pb2,
    api_pb2,
    descriptor_pb2,
    duration_pb2,
    empty_pb2,
    field_mask_pb2,
    source_context_pb2,
    struct_pb2,
    timestamp_pb2,
    type_pb2,
    wrappers_pb2,
)
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError

MAX_BYTES = 16 * 1024 * 1024  # of a set as it is uploaded or reflected, with its comments
MAX_PACKED = 2 * 1024 * 1024  # of a set as data planes get it
MAX_FILES = 2000
MAX_NAME = 512  # characters of a file's name

_OWN = tuple(
    module.DESCRIPTOR
    for module in (
        any_pb2,
        api_pb2,
        descriptor_pb2,
        duration_pb2,
        empty_pb2,
        field_mask_pb2,
        source_context_pb2,
        struct_pb2,
        timestamp_pb2,
        type_pb2,
        wrappers_pb2,
    )
)
WELL_KNOWN = frozenset(file.name for file in _OWN)
_OWN_PACKAGE = "google.protobuf"  # whose messages have a JSON form of their own


class DescriptorError(ValueError):
    """A set of descriptors that can not be used; the message says which file, and why."""


def read(data: bytes) -> FileDescriptorSet:
    """A serialized `FileDescriptorSet`, as `protoc --descriptor_set_out` writes it. Raises
    DescriptorError."""
    if len(data) > MAX_BYTES:
        raise DescriptorError(f"the descriptors are over {MAX_BYTES} bytes")
    try:
        files = FileDescriptorSet.FromString(data)
    except DecodeError as error:
        raise DescriptorError(f"this is no FileDescriptorSet of protobuf: {error}") from error
    return complete(files.file)


def complete(files: Iterable[FileDescriptorProto]) -> FileDescriptorSet:
    """The files in the order of their imports, with protobuf's own (`WELL_KNOWN`) as this release
    has them. Imports of other files that are missing are taken out: some servers lack what is
    imported for options only; where a type is missed, `build` says so. Raises DescriptorError."""
    by_name: dict[str, FileDescriptorProto] = {}
    for file in files:
        _check_file(file, by_name.get(file.name))
        by_name[file.name] = file
        if len(by_name) > MAX_FILES:
            raise DescriptorError(f"there are over {MAX_FILES} files")
    if by_name.keys() <= WELL_KNOWN:
        raise DescriptorError("there is no file in this FileDescriptorSet but protobuf's own")
    by_name.update(_own_files())
    ordered = (by_name[name] for name in _ordered(by_name))
    return FileDescriptorSet(file=[_without_unknown(file, by_name) for file in ordered])


def build(files: FileDescriptorSet) -> DescriptorPool:
    """Raises DescriptorError for what protobuf refuses."""
    pool = DescriptorPool()
    for file in files.file:
        try:
            pool.AddSerializedFile(file.SerializeToString())
        except TypeError as error:
            raise DescriptorError(f"{shown(file.name)}: {_reason(error)}") from error
    return pool


def without_comments(files: FileDescriptorSet) -> FileDescriptorSet:
    """Without what is for people, which is most of it."""
    bare = FileDescriptorSet()
    bare.CopyFrom(files)
    for file in bare.file:
        file.ClearField("source_code_info")
    return bare


def pack(files: FileDescriptorSet) -> bytes:
    """As data planes get it: compressed, without comments. Equal sets have equal bytes. Raises
    DescriptorError when it is too large."""
    data = without_comments(files).SerializeToString(deterministic=True)
    if len(data) > MAX_BYTES:
        raise DescriptorError(f"the descriptors are over {MAX_BYTES} bytes")
    packed = zlib.compress(data, 9)
    if len(packed) > MAX_PACKED:
        raise DescriptorError(
            f"the descriptors are {len(packed)} bytes when compressed; at most {MAX_PACKED} go to "
            "data planes"
        )
    return packed


def unpack(packed: bytes) -> FileDescriptorSet:
    """What `pack` made. Raises DescriptorError."""
    reader = zlib.decompressobj()
    try:
        data = reader.decompress(packed, MAX_BYTES)
    except zlib.error as error:
        raise DescriptorError(f"these are no packed descriptors: {error}") from error
    if not reader.eof:
        raise DescriptorError("these are packed descriptors that are cut off, or too large")
    return read(data)


def _reason(error: TypeError) -> str:
    """Of "Couldn't build proto file into descriptor pool: ..." what follows."""
    return str(error).rpartition("descriptor pool: ")[2][:300]


def _own_files() -> dict[str, FileDescriptorProto]:
    return {file.name: FileDescriptorProto.FromString(file.serialized_pb) for file in _OWN}


def check_names(file: FileDescriptorProto) -> None:
    """Raises DescriptorError for what protobuf does not give as text, and for more imports than
    there may be files."""
    if len(file.dependency) > MAX_FILES:
        raise DescriptorError(f"a file imports {len(file.dependency)} others, over {MAX_FILES}")
    names: tuple[object, ...] = (file.name, file.package, *file.dependency)
    if any(isinstance(name, bytes) for name in names):
        raise DescriptorError("a file has a name, a package or an import that is not UTF-8")


def _check_file(file: FileDescriptorProto, known: FileDescriptorProto | None) -> None:
    check_names(file)
    if not file.name or len(file.name) > MAX_NAME or not file.name.isprintable():
        raise DescriptorError(
            f"a file has the name {shown(file.name)}; 1 to {MAX_NAME} printable characters were "
            "right"
        )
    if known is not None and known != file:
        raise DescriptorError(f"there are two different files {shown(file.name)}")
    if file.package == _OWN_PACKAGE and file.name not in WELL_KNOWN:
        raise DescriptorError(
            f"{shown(file.name)} has the package {_OWN_PACKAGE}, which is protobuf's own"
        )


def _ordered(by_name: Mapping[str, FileDescriptorProto]) -> list[str]:
    """All that are not protobuf's own and what these import, each after its imports."""
    todo = sorted(by_name.keys() - WELL_KNOWN, reverse=True)
    imports: dict[str, list[str]] = {}
    while todo:
        name = todo.pop()
        if name not in imports:
            imports[name] = [each for each in by_name[name].dependency if each in by_name]
            todo.extend(imports[name])
    try:
        return list(TopologicalSorter(imports).static_order())
    except CycleError as error:
        circle = " imports ".join(shown(name) for name in reversed(error.args[1][:8]))
        raise DescriptorError(f"imports go in a circle: {circle}") from error


def _without_unknown(
    file: FileDescriptorProto, known: Mapping[str, FileDescriptorProto]
) -> FileDescriptorProto:
    if all(name in known for name in file.dependency):
        return file
    kept = [index for index, name in enumerate(file.dependency) if name in known]
    changed = FileDescriptorProto()
    changed.CopyFrom(file)
    changed.dependency[:] = [file.dependency[index] for index in kept]
    changed.public_dependency[:] = _moved(file.public_dependency, kept)
    changed.weak_dependency[:] = _moved(file.weak_dependency, kept)
    return changed


def _moved(indexes: Iterable[int], kept: list[int]) -> list[int]:
    places = {index: place for place, index in enumerate(kept)}
    return [places[index] for index in indexes if index in places]


def shown(name: str) -> str:
    """A name out of a stranger's descriptors, for a message."""
    return repr(name if len(name) <= 80 else f"{name[:80]}...")
