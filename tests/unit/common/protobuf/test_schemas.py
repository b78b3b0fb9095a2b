"""The schemas of methods: what each kind of field becomes, and that they tell the truth."""

import json
from typing import Any

import jsonschema_rs
import pytest
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.protobuf import pool, schemas
from mcpgateway.common.protobuf.codec import Codec, shown
from mcpgateway.common.protobuf.comments import comments
from support.descriptor_sets import compiled

EVERY_KIND = """
syntax = "proto3";
package all;
import "google/protobuf/any.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";

// How large.
enum Size {
  SIZE_UNSPECIFIED = 0;
  // The large one.
  LARGE = 1;
}
// Everything there is.
message Whole {
  double double = 1;
  int32 small = 2;
  uint32 unsigned = 3;
  int64 long = 4;
  fixed64 unsigned_long = 5;
  bool truth = 6;
  string text = 7;
  bytes data = 8;
  // The size.
  Size size = 9;
  repeated Size sizes = 10;
  map<string, int64> counts = 11;
  map<int32, Branch> branches = 12;
  oneof choice { string left = 13; Branch right = 14; }
  optional float maybe = 15;
  Branch branch = 16;
  message Once { string inside = 1; }
  Once once = 17;
  google.protobuf.Timestamp at = 18;
  google.protobuf.Duration lasts = 19;
  google.protobuf.Struct object = 20;
  google.protobuf.Int64Value wrapped = 21;
  google.protobuf.DoubleValue wrapped_double = 22;
  google.protobuf.NullValue nothing = 23;
  string old = 24 [deprecated = true];
}
message Branch { repeated Branch branches = 1; int32 n = 2; }
service S {
  rpc One(Whole) returns (Whole);
  rpc Stream(Branch) returns (stream Branch);
  rpc Collect(stream Whole) returns (google.protobuf.StringValue);
  rpc At(google.protobuf.Timestamp) returns (google.protobuf.Any);
}
"""
FILES = pool.read(compiled({"all.proto": EVERY_KIND}))
POOL = pool.build(FILES)
SAID = comments(FILES)
INT64 = {"type": "string", "pattern": "^-?[0-9]+$", "description": "An integer in digits."}
ANY_NUMBER = {"anyOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}]}
SIZE = {
    "type": "string",
    "enum": ["SIZE_UNSPECIFIED", "LARGE"],
    "description": "How large.\nLARGE: The large one.",
}
BRANCH = {
    "type": "object",
    "properties": {
        "branches": {"type": "array", "items": {"$ref": "#/$defs/all.Branch"}},
        "n": {"type": "integer"},
    },
}


def _method(name: str, source: str | None = None) -> MethodDescriptor:
    built = POOL if source is None else pool.build(pool.read(compiled({"s.proto": source})))
    found: MethodDescriptor = built.FindMethodByName(name)
    return found


def _taken(source: str) -> dict[str, Any]:
    """Of `p.S.Do`, with comments."""
    files = pool.read(compiled({"s.proto": source}))
    return schemas.taken(pool.build(files).FindMethodByName("p.S.Do"), comments(files))


def test_each_kind_of_field_has_the_schema_of_its_json_form() -> None:
    schema = schemas.taken(_method("all.S.One"), SAID)

    assert schema == {
        "type": "object",
        "description": "Everything there is.\nAt most one of left, right.",
        "properties": {
            "double": {"type": "number"},
            "small": {"type": "integer"},
            "unsigned": {"type": "integer", "minimum": 0},
            "long": INT64,
            "unsigned_long": INT64 | {"pattern": "^[0-9]+$"},
            "truth": {"type": "boolean"},
            "text": {"type": "string"},
            "data": {"type": "string", "contentEncoding": "base64"},
            "size": {"$ref": "#/$defs/all.Size", "description": "The size."},
            "sizes": {"type": "array", "items": {"$ref": "#/$defs/all.Size"}},
            "counts": {"type": "object", "additionalProperties": INT64},
            "branches": {
                "type": "object",
                "additionalProperties": {"$ref": "#/$defs/all.Branch"},
            },
            "left": {"type": "string"},
            "right": {"$ref": "#/$defs/all.Branch"},
            "maybe": {"type": "number"},
            "branch": {"$ref": "#/$defs/all.Branch"},
            "once": {"type": "object", "properties": {"inside": {"type": "string"}}},
            "at": {"type": "string", "format": "date-time"},
            "lasts": {
                "type": "string",
                "pattern": r"^-?[0-9]+(\.[0-9]{1,9})?s$",
                "description": "Seconds, as in 1.5s.",
            },
            "object": {"type": "object"},
            "wrapped": INT64,
            "wrapped_double": {"type": "number"},
            "nothing": {"type": "null"},
            "old": {"type": "string", "deprecated": True},
        },
        "dependentSchemas": {
            "left": {"properties": {"right": False}},
            "right": {"properties": {"left": False}},
        },
        "$defs": {"all.Size": SIZE, "all.Branch": BRANCH},
    }


def test_what_is_given_allows_what_only_servers_say() -> None:
    schema = schemas.given(_method("all.S.One"), SAID)

    assert schema["properties"]["double"] == ANY_NUMBER
    assert schema["properties"]["wrapped_double"] == ANY_NUMBER
    assert schema["$defs"]["all.Size"]["anyOf"][1] == {"type": "integer"}
    assert "dependentSchemas" not in schema


def test_streams_are_arrays_of_messages_and_what_is_no_object_is_a_value() -> None:
    streamed = schemas.given(_method("all.S.Stream"), {})
    collected = schemas.taken(_method("all.S.Collect"), {})
    text = schemas.given(_method("all.S.Collect"), {})
    at = schemas.taken(_method("all.S.At"), {})

    assert streamed == {
        "type": "object",
        "properties": {"messages": {"type": "array", "items": BRANCH}},
        "required": ["messages"],
        "$defs": {"all.Branch": BRANCH},
    }
    assert collected["properties"]["messages"]["maxItems"] == 1000
    assert text["properties"] == {"value": {"type": "string"}}
    assert at["properties"]["value"]["format"] == "date-time"


def test_messages_that_hold_each_other_end_in_references() -> None:
    schema = _taken(
        """syntax = "proto3"; package p;
        message A { B b = 1; } message B { C c = 1; } message C { A a = 1; B b = 2; }
        service S { rpc Do(A) returns (A); }"""
    )

    assert schema["properties"] == {"b": {"$ref": "#/$defs/p.B"}}
    assert set(schema["$defs"]) == {"p.A", "p.B"}
    assert schema["$defs"]["p.B"]["properties"]["c"]["properties"] == {
        "a": {"$ref": "#/$defs/p.A"},
        "b": {"$ref": "#/$defs/p.B"},
    }


def test_a_long_chain_of_messages_is_neither_deep_nor_endless() -> None:
    chain = " ".join(f"message M{n} {{ M{n + 1} m = 1; }}" for n in range(3000))
    schema = _taken(
        f"""syntax = "proto3"; package p; {chain} message M3000 {{}}
        service S {{ rpc Do(M0) returns (M0); }}"""
    )

    assert json.dumps(schema).count('"properties"') == schemas.MAX_FIELDS
    assert '"A p.M500."' in json.dumps(schema)


def test_a_message_of_too_many_fields_is_an_object_of_its_name() -> None:
    fields = " ".join(f"int32 f{n} = {n};" for n in range(1, 600))
    schema = _taken(
        f"""syntax = "proto3"; package p; message M {{ {fields} }} message N {{ M m = 1; }}
        service S {{ rpc Do(N) returns (N); }}"""
    )

    assert schema["properties"]["m"] == {"type": "object", "description": "A p.M."}


def test_what_must_be_set_is_required_and_what_only_servers_set_is_not_asked_for() -> None:
    files = pool.read(
        compiled(
            {
                "google/api/field_behavior.proto": """syntax = "proto3"; package google.api;
                    import "google/protobuf/descriptor.proto";
                    extend google.protobuf.FieldOptions {
                      repeated FieldBehavior field_behavior = 1052 [packed = false]; }
                    enum FieldBehavior { UNSET = 0; OPTIONAL = 1; REQUIRED = 2; OUTPUT_ONLY = 3;
                      INPUT_ONLY = 4; }""",
                "s.proto": """syntax = "proto3"; package p;
                    import "google/api/field_behavior.proto";
                    message M {
                      string name = 1 [(google.api.field_behavior) = REQUIRED];
                      string made = 2 [(google.api.field_behavior) = OUTPUT_ONLY];
                      string secret = 3 [(google.api.field_behavior) = INPUT_ONLY];
                    }
                    service S { rpc Do(M) returns (M); }""",
            }
        )
    )
    method = pool.build(files).FindMethodByName("p.S.Do")

    assert list(schemas.taken(method, {})["properties"]) == ["name", "secret"]
    assert schemas.taken(method, {})["required"] == ["name"]
    assert list(schemas.given(method, {})["properties"]) == ["name", "made"]
    assert "required" not in schemas.given(method, {})


def test_required_fields_of_proto2_are_required_and_its_enums_are_closed() -> None:
    source = """syntax = "proto2"; package p; enum E { A = 0; }
        message M { required int32 x = 1; optional E e = 2;
          optional group Both = 3 { optional string y = 1; } }
        service S { rpc Do(M) returns (M); }"""
    method = _method("p.S.Do", source)

    given_back = schemas.given(method, {})

    assert given_back["required"] == ["x"]
    assert given_back["properties"]["e"] == {"type": "string", "enum": ["A"]}
    assert given_back["properties"]["both"]["properties"] == {"y": {"type": "string"}}


def test_a_oneof_of_many_members_is_described_and_not_spelled_out() -> None:
    members = " ".join(f"int32 f{n} = {n};" for n in range(1, 9))
    schema = _taken(
        f"""syntax = "proto3"; package p; message M {{ oneof o {{ {members} }} }}
        service S {{ rpc Do(M) returns (M); }}"""
    )

    assert schema["description"] == "At most one of f1, f2, f3, f4, f5, f6, f7, f8."
    assert "dependentSchemas" not in schema


def test_descriptions_are_cut() -> None:
    schema = _taken(
        f"""syntax = "proto3"; package p;
        // {"x" * 3000}
        message M {{}}
        service S {{ rpc Do(M) returns (M); }}"""
    )

    assert schema["description"] == "x" * schemas.MAX_DESCRIPTION


_BRANCHES = st.recursive(
    st.fixed_dictionaries({"n": st.integers(-9, 9)}),
    lambda inner: st.fixed_dictionaries({"branches": st.lists(inner, max_size=2)}),
    max_leaves=4,
)
_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "double": st.floats(),
    "small": st.integers(-(2**31), 2**31 - 1),
    "unsigned": st.integers(0, 2**32 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    "unsigned_long": st.integers(0, 2**64 - 1),
    "truth": st.booleans(),
    "text": st.text(max_size=5),
    "data": st.binary(max_size=5),
    "size": st.integers(0, 2),
    "sizes": st.lists(st.integers(0, 2), max_size=3),
    "counts": st.dictionaries(st.text(max_size=3), st.integers(-9, 9), max_size=3),
    "branches": st.dictionaries(st.integers(-9, 9), _BRANCHES, max_size=2),
    "left": st.text(max_size=2),
    "right": _BRANCHES,
    "maybe": st.floats(width=32),
    "branch": _BRANCHES,
    "once": st.just({"inside": "x"}),
    "at": st.builds(dict, seconds=st.integers(-(10**9), 10**9)),
    "lasts": st.builds(dict, seconds=st.integers(-(10**9), 10**9)),
    "object": st.just({"fields": {"a": {"number_value": 1.5}}}),
    "wrapped": st.builds(dict, value=st.integers(-9, 9)),
    "wrapped_double": st.builds(dict, value=st.floats()),
}
_WHOLE = GetMessageClass(POOL.FindMessageTypeByName("all.Whole"))
_WHOLES = st.fixed_dictionaries({}, optional=_FIELDS).map(lambda fields: _WHOLE(**fields))


GIVEN = jsonschema_rs.validator_for(schemas.given(_method("all.S.One"), SAID))
TAKEN = jsonschema_rs.validator_for(schemas.taken(_method("all.S.One"), SAID))


@given(_WHOLES)
def test_what_any_message_is_shown_as_is_as_its_schema_says(whole: Message) -> None:
    GIVEN.validate(shown(whole, POOL))


@given(_WHOLES)
def test_what_the_schema_of_arguments_allows_becomes_the_message(whole: Message) -> None:
    said = shown(whole, POOL)
    if not TAKEN.is_valid(said):
        return  # NaN and the like

    (made,) = Codec(POOL, "all.S.One").requests(json.dumps(said).encode())

    assert type(whole).FromString(made) == whole


@pytest.mark.parametrize(
    "arguments",
    [{"left": "x", "right": {}}, {"size": "HUGE"}, {"long": "1.5"}, {"sizes": ["LARGE", 1.5]}],
)
def test_what_the_codec_refuses_the_schema_refuses_too(arguments: dict[str, Any]) -> None:
    assert not TAKEN.is_valid(arguments)
