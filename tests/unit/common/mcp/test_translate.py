"""Requests between the eras, over golden files and for any params."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.jsonrpc import Params, join_params
from mcpgateway.common.mcp import translate
from mcpgateway.common.mcp.revisions import PREFIX, V2026_07_28
from support import golden

ENVELOPE = translate.Envelope(V2026_07_28, b"{}", b'{"name":"g","version":"1"}')


def raw(params: dict[str, Any]) -> Params:
    return {key: msgspec.Raw(json.dumps(value).encode()) for key, value in params.items()}


def plain(params: Params) -> Any:
    return json.loads(join_params(params))


def test_golden_params_to_legacy() -> None:
    golden.check(
        "translate/params_to_legacy", lambda given: plain(translate.params_to_legacy(raw(given)))
    )


def test_golden_params_to_modern() -> None:
    golden.check(
        "translate/params_to_modern",
        lambda given: plain(translate.params_to_modern(raw(given), ENVELOPE)),
    )


json_texts = st.recursive(
    st.sampled_from(["1.10", "1e400", "12345678901234567890123", '"\\u00fc"', "null", "{}"]),
    lambda inner: (
        st.builds('{{"k": {0},"k":{0} }}'.format, inner) | st.builds("[ {} ]".format, inner)
    ),
    max_leaves=5,
)
vendor_meta = st.dictionaries(st.sampled_from(["progressToken", "traceparent", "x/y"]), json_texts)


@given(arguments=json_texts, meta=vendor_meta)
def test_arguments_and_vendor_meta_are_carried_byte_for_byte_there_and_back(
    arguments: str, meta: dict[str, str]
) -> None:
    text = join_params({key: msgspec.Raw(value.encode()) for key, value in meta.items()})
    params = {"arguments": msgspec.Raw(arguments.encode()), "_meta": msgspec.Raw(text)}
    modern = translate.params_to_modern(params, ENVELOPE)
    legacy = translate.params_to_legacy(modern)
    assert bytes(modern["arguments"]) == bytes(legacy["arguments"]) == arguments.encode()
    assert bytes(legacy.get("_meta", b"{}")) == text


@given(st.dictionaries(st.sampled_from(["a", "b"]).map(PREFIX.__add__), json_texts))
def test_no_key_of_the_reserved_prefix_reaches_a_legacy_upstream(meta: dict[str, str]) -> None:
    text = join_params({key: msgspec.Raw(value.encode()) for key, value in meta.items()})
    assert "_meta" not in translate.params_to_legacy({"_meta": msgspec.Raw(text)})


@pytest.mark.parametrize("token", ["7", '"a"', "1.5"])
def test_a_progress_token_keeps_its_json_type(token: str) -> None:
    params = translate.with_progress_token(raw({"_meta": {"x": 1}}), token.encode())
    assert bytes(translate.progress_token(params) or b"") == token.encode()
    assert plain(params)["_meta"]["x"] == 1


def test_params_without_a_token_have_none() -> None:
    assert translate.progress_token(raw({})) is None
    assert translate.progress_token(raw({"_meta": {}})) is None
