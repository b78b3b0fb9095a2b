"""/prompts: those of upstreams, and templates of our own."""

from mcpgateway.control_plane.api.nouns import render_held
from mcpgateway.control_plane.api.nouns.noun import Noun
from mcpgateway.control_plane.api.nouns.prompt_input import read_prompt
from mcpgateway.control_plane.registry import prompts
from mcpgateway.control_plane.registry.drafts import PromptDraft
from mcpgateway.control_plane.registry.ports import Reader
from mcpgateway.control_plane.registry.views import PromptView


def noun(read: Reader) -> Noun[PromptView, PromptDraft]:
    return Noun(
        name="prompts",
        what="prompt",
        kind="prompt",
        read=read.prompts,
        key=lambda row: row.name,
        show=render_held.prompt,
        parse=lambda body, new: read_prompt(body, new=new),
        acts=prompts,
    )
