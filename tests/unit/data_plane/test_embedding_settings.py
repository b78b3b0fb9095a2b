"""Embeddings are off until an operator names an endpoint and a model."""

import pytest

from mcpgateway.common.runtime.settings import SettingsError
from mcpgateway.common.search.embeddings_api import Endpoint
from support.data_plane import settings

URL = "http://127.0.0.1:1/v1/embeddings"


def test_they_are_off_unless_endpoint_and_model_are_named() -> None:
    assert settings().embeddings is None
    assert settings(MCPGATEWAY_EMBEDDINGS_URL=URL).embeddings is None
    assert settings(MCPGATEWAY_EMBEDDINGS_MODEL="m").embeddings is None
    both = settings(MCPGATEWAY_EMBEDDINGS_URL=URL, MCPGATEWAY_EMBEDDINGS_MODEL="m")
    assert both.embeddings == Endpoint(URL, "m", "", 0)


def test_the_key_is_not_shown() -> None:
    assert "s3cret" not in repr(settings(MCPGATEWAY_EMBEDDINGS_KEY="s3cret"))


@pytest.mark.parametrize("good", ["0", "8", "256", "1024"])
def test_dimensions_are_none_or_as_many_as_are_kept(good: str) -> None:
    chosen = settings(MCPGATEWAY_EMBEDDINGS_DIMENSIONS=good)
    assert chosen.embeddings_dimensions == int(good)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("DIMENSIONS", "7"),
        ("DIMENSIONS", "1025"),
        ("DIMENSIONS", "many"),
        ("TIMEOUT", "0"),
        ("TIMEOUT", "11"),
        ("URL", "api.openai.com"),
    ],
)
def test_what_can_not_be_is_refused_at_start(name: str, wrong: str) -> None:
    with pytest.raises(SettingsError, match=f"MCPGATEWAY_EMBEDDINGS_{name} must"):
        settings(**{f"MCPGATEWAY_EMBEDDINGS_{name}": wrong})
