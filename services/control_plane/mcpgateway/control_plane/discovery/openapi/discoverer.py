"""An API with an OpenAPI document as an upstream: its operations are its tools."""

from typing_extensions import override

from mcpgateway.control_plane.registry.discovered.plan import first_problems
from mcpgateway.control_plane.registry.discovered.ports import (
    Discovered,
    Discoverer,
    Found,
    Target,
)
from mcpgateway.control_plane.registry.openapi.importing import Reading
from mcpgateway.control_plane.registry.openapi.ports import ApiReader


class OpenApiDiscoverer(Discoverer):
    def __init__(self, reader: ApiReader) -> None:
        self._reader = reader

    @override
    async def discover(self, target: Target) -> Discovered:
        """Raises what `ApiReader.read` does."""
        reading, document = await self._reader.read(target)
        return Discovered(
            transport="OPENAPI",
            era="modern",
            protocol_version="",
            capabilities=b'{"tools":{}}',
            instructions=reading.description,
            server_name=reading.title,
            server_version=reading.release,
            tools=tuple(Found(each.name, each.definition, each.request) for each in reading.tools),
            problems=problems(reading),
            document=document,
            url=reading.url,
        )


def problems(reading: Reading) -> tuple[str, ...]:
    """What was chosen and did not become a tool, and what was chosen in vain."""
    left = [
        f"{each.method} {each.path[:200]} {each.reason}".strip()
        for each in reading.left_out
        if each.chosen
    ]
    return first_problems([*reading.problems, *left])
