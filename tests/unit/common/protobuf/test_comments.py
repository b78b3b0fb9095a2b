"""What authors wrote, found by full name."""

from google.protobuf.descriptor_pb2 import FileDescriptorSet

from mcpgateway.common.protobuf.comments import MAX_LENGTH, comments
from support.descriptor_sets import compiled, compiled_set

SAID = """
syntax = "proto3";
package said;

// A message.
// In two lines.
message Outer {
  // A field.
  string field = 1;
  string trailing = 2;  // After it.
  // One of these.
  oneof choice { string left = 3; }
  // Nested.
  message Inner {
    /* A block. */
    string deep = 1;
  }
  // An enum inside.
  enum Kind {
    // The first.
    KIND_UNSPECIFIED = 0;
  }
  string silent = 4;
}
// An enum.
enum Size {
  SIZE_UNSPECIFIED = 0;
  // The large one.
  SIZE_LARGE = 1;
}
// A service.
service Talk {
  // buf:lint:ignore RPC
  // Says it.
  rpc Say(Outer) returns (Outer);
}
"""


def test_everything_that_has_a_comment_is_found_by_its_full_name() -> None:
    assert comments(compiled_set({"said.proto": SAID})) == {
        "said.Outer": "A message.\nIn two lines.",
        "said.Outer.field": "A field.",
        "said.Outer.trailing": "After it.",
        "said.Outer.choice": "One of these.",
        "said.Outer.Inner": "Nested.",
        "said.Outer.Inner.deep": "A block.",
        "said.Outer.Kind": "An enum inside.",
        "said.Outer.Kind.KIND_UNSPECIFIED": "The first.",
        "said.Size": "An enum.",
        "said.Size.SIZE_LARGE": "The large one.",
        "said.Talk": "A service.",
        "said.Talk.Say": "Says it.",
    }


def test_a_comment_of_any_length_is_cut() -> None:
    long = f'syntax = "proto3";\n// {"x" * (2 * MAX_LENGTH)}\nmessage M {{}}'

    assert comments(compiled_set({"long.proto": long})) == {"M": "x" * MAX_LENGTH}


def test_locations_that_point_nowhere_are_passed_over() -> None:
    files = compiled_set({"said.proto": SAID})
    for location in files.file[0].source_code_info.location:
        location.path[:] = [4, 2**31 - 1, -1]

    assert comments(files) == {}


def test_a_comment_that_is_no_text_is_none() -> None:
    data = compiled({"said.proto": SAID}).replace(b"A message.", b"A m\xffssage.")

    found = comments(FileDescriptorSet.FromString(data))

    assert "said.Outer" not in found
    assert found["said.Talk"] == "A service."
