"""What the official suite asks a server to offer: plain tools, prompts and resources, as wire data.

Names, texts and schemas are those that the suite's scenarios prescribe.
"""

from collections.abc import Callable, Mapping
from typing import Any

Object = dict[str, Any]

PNG = (  # one red pixel
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
)
WAV = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA="  # no samples
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def text(words: str) -> Object:
    return {"type": "text", "text": words}


def image() -> Object:
    return {"type": "image", "data": PNG, "mimeType": "image/png"}


def embedded(uri: str, mime_type: str, words: str) -> Object:
    return {"type": "resource", "resource": {"uri": uri, "mimeType": mime_type, "text": words}}


def schema(**properties: Object) -> Object:
    """All properties are required."""
    return {"type": "object", "properties": properties, "required": list(properties)}


STRING: Object = {"type": "string"}

# Tools that answer at once and always the same, by name. See `answer`.
FIXED: dict[str, list[Object]] = {
    "test_simple_text": [text("This is a simple text response for testing.")],
    "test_image_content": [image()],
    "test_audio_content": [{"type": "audio", "data": WAV, "mimeType": "audio/wav"}],
    "test_embedded_resource": [
        embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")
    ],
    "test_multiple_content_types": [
        text("Multiple content types test:"),
        image(),
        embedded(
            "test://mixed-content-resource", "application/json", '{"test":"data","value":123}'
        ),
    ],
    "json_schema_2020_12_tool": [text("The schema is what matters.")],
    "test_headers": [text("The headers agree.")],
}


def answer(name: str, arguments: Mapping[str, Any]) -> list[Object] | None:
    """What a tool answers that needs nothing but its arguments; None for the other tools."""
    if name == "greet":
        return [text(f"Hello, {arguments.get('name')}!")]
    return FIXED.get(name)


JSON_SCHEMA_2020_12: Object = {
    "$schema": DIALECT,
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": STRING, "city": STRING},
        }
    },
    "properties": {
        "name": STRING,
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": STRING,
        "email": STRING,
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}

# Input schemas of the tools that take arguments; the others take none.
SCHEMAS: dict[str, Object] = {
    "json_schema_2020_12_tool": JSON_SCHEMA_2020_12,
    "test_sampling": schema(prompt=STRING),
    "test_elicitation": schema(message=STRING),
    "greet": schema(name=STRING),
    "test_headers": schema(region={"type": "string", "x-mcp-header": "Region"}),
}

PROMPTS: dict[str, tuple[str, ...]] = {  # the arguments of each
    "test_simple_prompt": (),
    "test_prompt_with_arguments": ("arg1", "arg2"),
    "test_prompt_with_embedded_resource": ("resourceUri",),
    "test_prompt_with_image": (),
    "test_input_required_result_prompt": (),
}
Arguments = dict[str, str]
MESSAGES: dict[str, Callable[[Arguments], list[Object]]] = {
    "test_simple_prompt": lambda _: [text("This is a simple prompt for testing.")],
    "test_prompt_with_arguments": lambda given: [
        text(f"Prompt with arguments: arg1='{given.get('arg1')}', arg2='{given.get('arg2')}'")
    ],
    "test_prompt_with_embedded_resource": lambda given: [
        embedded(
            given.get("resourceUri", ""), "text/plain", "Embedded resource content for testing."
        ),
        text("Please process the embedded resource above."),
    ],
    "test_prompt_with_image": lambda _: [image(), text("Please analyze the image above.")],
}

RESOURCES: dict[str, Object] = {  # contents by URI
    "test://static-text": {
        "mimeType": "text/plain",
        "text": "This is the content of the static text resource.",
    },
    "test://static-binary": {"mimeType": "image/png", "blob": PNG},
    "test://watched-resource": {"mimeType": "text/plain", "text": "Watch me."},
}
TEMPLATE = "test://template/{id}/data"


def from_template(uri: str) -> Object | None:
    """Contents of a resource of the one template; None when `uri` does not fit it."""
    head, tail = TEMPLATE.split("{id}")
    if not (uri.startswith(head) and uri.endswith(tail) and len(uri) > len(head + tail)):
        return None
    id = uri.removeprefix(head).removesuffix(tail)
    words = f'{{"id":"{id}","templateTest":true,"data":"Data for ID: {id}"}}'
    return {"mimeType": "application/json", "text": words}
