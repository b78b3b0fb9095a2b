"""POST /prompts/preview: a prompt rendered without being kept."""

from collections.abc import Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from typing_extensions import override

from mcpgateway.control_plane.api.http.exchange import at, json, read_object
from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.http.operation import Operation, Shown
from mcpgateway.control_plane.api.nouns.noun import HeldRoutes
from mcpgateway.control_plane.api.nouns.prompt_input import read_prompt
from mcpgateway.control_plane.registry import prompts
from mcpgateway.control_plane.registry.drafts import PromptDraft
from mcpgateway.control_plane.registry.views import PromptView


class Prompts(HeldRoutes[PromptView, PromptDraft]):
    """And /prompts/preview. What data planes answer to POST /prompts/{id} is not here."""

    @override
    def routes(self) -> Sequence[Route]:
        says = "Render a prompt without keeping it"
        previewing = Operation(self.preview, says, {200: Shown(rendered)}, (503,))
        return (at("/prompts/preview", POST=previewing), *super().routes())

    async def preview(self, request: Request) -> Response:
        """The body is that of POST /prompts, and `args`: an object of arguments."""
        body = await read_object(request)
        fields = Fields(body)
        given = fields.mapping("args")
        fields.check()
        draft = read_prompt(body if "name" in body else {**body, "name": "preview"}, new=True)
        messages = await prompts.preview(self._ports, draft, msgspec.json.encode(given or {}))
        return json(rendered(messages, draft))


def rendered(messages: bytes, draft: PromptDraft) -> dict[str, Any]:
    description = draft.members.get("description")
    return {"messages": msgspec.Raw(messages), "description": description}
