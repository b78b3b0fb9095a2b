"""What a data plane is told of the endpoint that knows what texts mean."""

from dataclasses import dataclass

from mcpgateway.common.runtime.settings import base_url, integer, seconds, setting
from mcpgateway.common.search.embeddings_api import Endpoint
from mcpgateway.common.search.vectors import FEWEST, MOST


def dimensions(value: str) -> int:
    """Numbers of a vector; 0: as many as it has."""
    return 0 if value.strip() == "0" else integer(FEWEST, MOST)(value)


@dataclass(frozen=True, kw_only=True)
class EmbeddingSettings:
    """A part of the data plane's `Settings`."""

    embeddings_url: str = setting(
        "MCPGATEWAY_EMBEDDINGS_URL",
        base_url,
        default="",
        doc="whole address of an OpenAI-compatible endpoint, .../v1/embeddings: servers in search"
        " mode are searched by meaning, too; empty: by words alone",
    )
    embeddings_model: str = setting(
        "MCPGATEWAY_EMBEDDINGS_MODEL",
        default="",
        doc="the model that it is asked for; needed with MCPGATEWAY_EMBEDDINGS_URL",
    )
    embeddings_key: str = setting(
        "MCPGATEWAY_EMBEDDINGS_KEY",
        default="",
        secret=True,
        doc="bearer token for it; empty: it wants none",
    )
    embeddings_dimensions: int = setting(
        "MCPGATEWAY_EMBEDDINGS_DIMENSIONS",
        dimensions,
        default=0,
        doc="numbers that a vector is to have, for models that can be asked for fewer than they"
        f" have ({FEWEST} to {MOST}); 0: as many as the model has",
    )
    embeddings_timeout: float = setting(
        "MCPGATEWAY_EMBEDDINGS_TIMEOUT",
        seconds(0.01, 10),
        default=0.3,
        doc="seconds that a search waits for the vector of its query, then goes on without",
    )

    @property
    def embeddings(self) -> Endpoint | None:
        """Who is asked what texts mean; None: nobody."""
        if not (self.embeddings_url and self.embeddings_model):
            return None
        return Endpoint(
            self.embeddings_url,
            self.embeddings_model,
            self.embeddings_key,
            self.embeddings_dimensions,
        )
