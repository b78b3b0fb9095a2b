"""Descriptor sets of .proto texts, as protoc makes them."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc

_INCLUDED = str(files("grpc_tools") / "_proto")


def compiled(sources: Mapping[str, str], *, source_info: bool = True) -> bytes:
    """A FileDescriptorSet of the texts by file name, with all that they import."""
    with TemporaryDirectory() as folder:
        for name, text in sources.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        out = Path(folder, "set.bin")
        options = ["--include_source_info"] if source_info else []
        arguments = ["protoc", f"-I{folder}", f"-I{_INCLUDED}", "--include_imports", *options]
        status = protoc.main([*arguments, f"--descriptor_set_out={out}", *sources])
        if status:
            raise ValueError(f"protoc refused {', '.join(sources)}")
        return out.read_bytes()


def compiled_set(sources: Mapping[str, str]) -> FileDescriptorSet:
    return FileDescriptorSet.FromString(compiled(sources))
