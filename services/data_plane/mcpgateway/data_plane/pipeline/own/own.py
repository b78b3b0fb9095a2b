"""Prompts and resources of the gateway's own, as clients get, read and complete them. What has an
upstream goes on to it."""

from collections.abc import Callable, Mapping

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.content import prompt_template, resource_content, uri_variables
from mcpgateway.common.content.prompt_template import Argument, Unbound, Unusable
from mcpgateway.common.errors import GatewayError, TemplateFailed
from mcpgateway.common.mcp.envelope import Problem, read_string
from mcpgateway.common.mcp.revisions import META_SERVER_INFO
from mcpgateway.common.routing.model import Prompt, Resource
from mcpgateway.common.runtime.rendering.renderer import Renderer
from mcpgateway.data_plane.pipeline.admitting.authorize import find_prompt, find_resource
from mcpgateway.data_plane.pipeline.aims import aim_completion, at_prompt, at_resource
from mcpgateway.data_plane.pipeline.answer import invalid_param
from mcpgateway.data_plane.pipeline.call import Call
from mcpgateway.data_plane.pipeline.own.later import Later
from mcpgateway.data_plane.pipeline.remote import Remote

Make = Callable[[tuple[str, ...]], bytes]
"""Makes the members of a result of its filled templates: without the braces around them."""

_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Own:
    """`version` is ours, for what modern results say of who answers."""

    def __init__(self, renderer: Renderer, remote: Remote, version: str) -> None:
        self._renderer = renderer
        self._remote = remote
        info = {META_SERVER_INFO: {"name": "mcpgateway", "version": version}}
        self._modern = b',"resultType":"complete","_meta":' + msgspec.json.encode(info)
        self._later = Later(remote)

    def get_prompt(self, call: Call) -> str | None:
        """`prompts/get`."""
        found = find_prompt(call.view, call.params.get("name"))
        if isinstance(found, Problem):
            return _refused(call, found)
        if found.upstream:
            return self._remote.send_aimed(call, at_prompt(found))
        try:
            values = prompt_template.bind(_arguments(found), call.params.get("arguments"))
        except Unbound as problem:
            return _refused(call, invalid_param("arguments", str(problem)))
        except Unusable as problem:
            return _failed(call, TemplateFailed(f"prompt {found.name!r}: {problem}"))
        return self._prompt(call, found, values)

    def read_resource(self, call: Call) -> str | None:
        """`resources/read`."""
        unknown = _unknown_uri(call)
        found = find_resource(call.view, call.params.get("uri"), unknown)
        if isinstance(found, Problem):
            return _refused(call, found)
        if found.upstream:
            return self._remote.send_aimed(call, at_resource(found))
        uri = read_string(call.params.get("uri")) or ""
        try:
            return self._resource(call, found, uri)
        except Unusable as problem:
            return _failed(call, TemplateFailed(f"resource {found.uri!r}: {problem}"))

    def complete(self, call: Call) -> str | None:
        """`completion/complete`. Values are those that an argument's definition names."""
        asked = _own_reference(call)
        if asked is None:
            return self._remote.send(aim_completion, call)
        try:
            argument = _members.decode(call.params.get("argument", b"null"))
        except (msgspec.DecodeError, RecursionError):
            return _refused(call, invalid_param("argument", "must be an object: name and value"))
        name, value = read_string(argument.get("name")), read_string(argument.get("value"))
        if name is None or value is None:
            return _refused(call, invalid_param("argument", "must have strings: name and value"))
        values = _values_of(asked, name)
        completion = prompt_template.complete(values, value)
        return self._answered(call, b'"completion":' + completion)

    def _prompt(self, call: Call, prompt: Prompt, values: Mapping[str, str]) -> str | None:
        try:
            messages = self._renderer.messages(prompt.messages)
        except Unusable as problem:
            return _failed(call, TemplateFailed(f"prompt {prompt.name!r}: {problem}"))
        head = _described(prompt.definition)

        def make(texts: tuple[str, ...]) -> bytes:
            return head + b'"messages":' + messages.filled(texts)

        return self._filled(call, f"prompt {prompt.name!r}", messages.texts, values, make)

    def _resource(self, call: Call, resource: Resource, uri: str) -> str | None:
        """Raises Unusable."""
        content = resource_content.read(resource.content)
        mime = resource_content.mime_type(uri, content, resource.definition)
        anybody = call.caller.principal is None
        cached = resource_content.caching(call.era, resource.ttl_ms, anybody=anybody)
        if not (resource.template and isinstance(content.text, str)):
            return self._answered(call, resource_content.result(uri, content, mime) + cached)
        values = _variables(resource, uri)
        if values is None:
            message = f"{uri!r} is none of the template {resource.uri!r}"
            return _refused(call, Problem(_unknown_uri(call), message, data={"uri": uri}))

        def make(texts: tuple[str, ...]) -> bytes:
            filled = resource_content.Content(text=texts[0])
            return resource_content.result(uri, filled, mime) + cached

        return self._filled(call, f"resource {resource.uri!r}", (content.text,), values, make)

    def _filled(
        self,
        call: Call,
        what: str,
        texts: tuple[str, ...],
        values: Mapping[str, str],
        make: Make,
    ) -> str | None:
        """Answers now where the templates only copy, else when they are rendered."""
        try:
            made = self._renderer.at_once(texts, values)
        except TemplateFailed as error:
            return _failed(call, TemplateFailed(f"{what}: {error.message}"))
        if made is not None:
            return self._answered(call, make(made))
        tail = self._tail(call)
        self._later.answer(
            call, what, self._renderer.render(texts, values), lambda made: _result(make(made), tail)
        )
        return None

    def _answered(self, call: Call, members: bytes) -> str:
        sink = self._remote.sink(call, None)
        sink.answer(jsonrpc.response(call.id, _result(members, self._tail(call))))
        return "ok"

    def _tail(self, call: Call) -> bytes:
        return self._modern if call.era == "modern" else b""


def _result(members: bytes, tail: bytes) -> bytes:
    return b"{" + members + tail + b"}"


def _refused(call: Call, problem: Problem) -> str:
    call.form.refuse(call, problem)
    return "refused"


def _failed(call: Call, error: GatewayError) -> str:
    call.form.failed(call, error)
    return error.code


def _unknown_uri(call: Call) -> int:
    return jsonrpc.INVALID_PARAMS if call.era == "modern" else jsonrpc.RESOURCE_NOT_FOUND


def _arguments(record: Prompt | Resource) -> tuple[Argument, ...]:
    """Raises Unusable."""
    return prompt_template.declared(record.definition)


def _values_of(asked: Prompt | Resource, name: str) -> tuple[str, ...]:
    """None where the definition names none, or can not be read."""
    try:
        return next((each.enum for each in _arguments(asked) if each.name == name), ())
    except Unusable:
        return ()


def _described(definition: bytes) -> bytes:
    description = _members.decode(definition).get("description")
    return b"" if description is None else b'"description":%b,' % bytes(description)


def _variables(resource: Resource, uri: str) -> dict[str, str] | None:
    """Raises Unusable."""
    try:
        return uri_variables.read(uri_variables.parse(resource.uri), uri)
    except uri_variables.BadTemplate as problem:
        raise Unusable(f"uriTemplate: {problem}") from problem


def _own_reference(call: Call) -> Prompt | Resource | None:
    """What of our own a completion is for. None for an upstream's, and for what can not be read
    or found, which is told where upstreams' are aimed at."""
    try:
        ref = _members.decode(call.params.get("ref", b"null"))
    except (msgspec.DecodeError, RecursionError):
        return None
    found: Prompt | Resource | None = None
    match bytes(ref.get("type", b"")):
        case b'"ref/prompt"':
            found = call.view.prompts.get(read_string(ref.get("name")) or "")
        case b'"ref/resource"':
            found = call.view.resources.get(read_string(ref.get("uri")) or "")
    return None if found is None or found.upstream else found
