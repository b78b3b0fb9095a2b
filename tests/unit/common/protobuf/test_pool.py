"""Sets of descriptors: what is read, in which order, and what is refused."""

import zlib
from contextlib import suppress

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message_factory import GetMessageClass
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.protobuf import pool
from mcpgateway.common.protobuf.pool import DescriptorError
from support.descriptor_sets import compiled

PARTS = {
    "parts/b.proto": 'syntax = "proto3"; package b; message N { string x = 1; }',
    "parts/a.proto": """syntax = "proto3"; package a;
        import "parts/b.proto"; import "google/protobuf/timestamp.proto";
        // A comment.
        message M { b.N n = 1; google.protobuf.Timestamp at = 2; }""",
}


def _file(name: str, *imports: str, package: str = "") -> FileDescriptorProto:
    file = FileDescriptorProto(name=name, dependency=imports, package=package)
    file.message_type.add(name=f"In{''.join(filter(str.isalnum, name))}")
    return file


def _set(*files: FileDescriptorProto) -> bytes:
    return FileDescriptorSet(file=files).SerializeToString()


def _names(files: FileDescriptorSet) -> list[str]:
    return [file.name for file in files.file]


def test_files_follow_what_they_import_whatever_their_order_was() -> None:
    compiled_files = list(FileDescriptorSet.FromString(compiled(PARTS)).file)

    forth = pool.complete(compiled_files)
    back = pool.complete(reversed(compiled_files))

    assert forth == back
    assert _names(forth)[-1] == "parts/a.proto"
    assert set(_names(forth)[:2]) == {"parts/b.proto", "google/protobuf/timestamp.proto"}


def test_a_built_pool_makes_messages_with_the_json_form_of_protobufs_own_types() -> None:
    built = pool.build(pool.read(compiled(PARTS)))
    made = GetMessageClass(built.FindMessageTypeByName("a.M"))()
    said = {"n": {"x": "1"}, "at": "2026-01-02T03:04:05Z"}

    ParseDict(said, made)

    assert MessageToDict(made) == said


def test_protobufs_own_files_are_added_where_they_are_missing_and_only_there() -> None:
    files = [
        file
        for file in FileDescriptorSet.FromString(compiled(PARTS)).file
        if not file.name.startswith("google/")
    ]

    assert "google/protobuf/timestamp.proto" in _names(pool.complete(files))
    assert "google/protobuf/any.proto" not in _names(pool.complete(files))


def test_protobufs_own_files_are_never_a_strangers() -> None:
    false_time = _file("google/protobuf/timestamp.proto", package="google.protobuf")
    user = _file("a.proto", "google/protobuf/timestamp.proto")

    built = pool.build(pool.complete([false_time, user]))

    assert "seconds" in built.FindMessageTypeByName("google.protobuf.Timestamp").fields_by_name


def test_an_import_that_is_missing_does_no_harm_where_no_type_of_it_is_used() -> None:
    file = _file("a.proto", "google/api/annotations.proto", "b.proto", "gone.proto")
    file.public_dependency[:] = [0, 1]

    files = pool.complete([file, _file("b.proto")])

    assert list(files.file[-1].dependency) == ["b.proto"]
    assert list(files.file[-1].public_dependency) == [0]
    pool.build(files)


def test_a_missing_type_is_named_with_the_file_that_uses_it() -> None:
    file = _file("a.proto", "gone.proto")
    file.message_type[0].field.add(name="x", number=1, type=11, label=1, type_name=".gone.T")

    with pytest.raises(DescriptorError, match=r"'a\.proto': .*gone\.T"):
        pool.build(pool.complete([file]))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xff\xff", "no FileDescriptorSet"),
        (b"", "no file"),
        (_set(_file("google/protobuf/any.proto", package="google.protobuf")), "protobuf's own"),
        (_set(_file("")), "has the name ''"),
        (_set(_file("a\nb")), "printable"),
        (_set(_file("a" * 600)), "1 to 512"),
        (_set(_file("aaa")).replace(b"aaa", b"a\xffa"), "not UTF-8"),
        (_set(_file("a", "bbb")).replace(b"bbb", b"b\xffb"), "not UTF-8"),
        (_set(_file("a", package="ccc")).replace(b"ccc", b"c\xffc"), "not UTF-8"),
        (_set(_file("a"), _file("a", package="x")), "two different files 'a'"),
        (_set(_file("a", "a")), "'a' imports 'a'"),
        (_set(_file("a", "b"), _file("b", "c"), _file("c", "a")), "circle: 'a' imports"),
        (_set(_file("own.proto", package="google.protobuf")), "which is protobuf's own"),
    ],
)
def test_what_is_no_usable_set_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(DescriptorError, match=reason):
        pool.read(data)


def test_a_long_chain_of_imports_is_no_deep_recursion() -> None:
    chain = [_file("0.proto")] + [_file(f"{n}.proto", f"{n - 1}.proto") for n in range(1, 1900)]

    assert len(pool.complete(reversed(chain)).file) == 1900


def test_too_many_files_are_refused() -> None:
    with pytest.raises(DescriptorError, match="over 2000 files"):
        pool.complete(_file(f"{n}.proto") for n in range(2001))


def test_too_many_imports_of_one_file_are_refused() -> None:
    """They cost a few bytes each, and are gone through again and again."""
    data = _set(_file("a.proto", *["b.proto"] * (pool.MAX_FILES + 1)))
    with pytest.raises(DescriptorError, match="imports 2001 others"):
        pool.read(data)


def test_public_imports_stay_public_where_others_are_taken_out() -> None:
    file = _file("a.proto", "gone.proto", "b.proto", "gone too.proto", "c.proto")
    file.public_dependency.extend([0, 3])
    files = pool.read(_set(file, _file("b.proto"), _file("c.proto")))
    (kept,) = (each for each in files.file if each.name == "a.proto")
    assert list(kept.dependency) == ["b.proto", "c.proto"]
    assert list(kept.public_dependency) == [1]


def test_too_many_bytes_are_refused_before_they_are_read() -> None:
    with pytest.raises(DescriptorError, match="over 16777216 bytes"):
        pool.read(bytes(pool.MAX_BYTES + 1))


def test_what_is_packed_comes_back_without_comments() -> None:
    files = pool.read(compiled(PARTS))

    back = pool.unpack(pool.pack(files))

    assert back == pool.without_comments(files)
    assert any(file.HasField("source_code_info") for file in files.file)
    assert not any(file.HasField("source_code_info") for file in back.file)


def test_a_bomb_is_not_unpacked() -> None:
    bomb = zlib.compress(bytes(pool.MAX_BYTES * 2))

    with pytest.raises(DescriptorError, match="cut off, or too large"):
        pool.unpack(bomb)


def test_what_can_not_be_compressed_enough_is_refused() -> None:
    noise = FileDescriptorProto(name="a.proto")
    noise.options.java_package = "".join(chr(0x4E00 + (n * 7919) % 20000) for n in range(1_500_000))

    with pytest.raises(DescriptorError, match="go to data planes"):
        pool.pack(pool.complete([noise]))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for reading in (pool.read, pool.unpack):
        with suppress(DescriptorError):
            pool.build(reading(data))
