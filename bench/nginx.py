"""nginx as the proxy that sets the limit, as upstreams, and as a server of files.

The proxy: one worker, kept connections to the upstream, buffers that hold 100 kB, no log.
Upstreams answer as MCP servers do: what has to carry the request's id is written after the body
was read, which `return` by itself does not do, and `mirror` makes nginx do.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from bench import messages
from bench.client import answers
from bench.processes import children, process, until

_CONF = """
daemon off; worker_processes 1; pid {folder}/{name}.pid; error_log {folder}/{name}.log crit;
events {{ worker_connections 4096; }}
http {{
  access_log off; log_not_found off; keepalive_requests 100000000; default_type application/json;
  client_body_temp_path {folder}/{name}-body; proxy_temp_path {folder}/{name}-proxy;
  client_body_buffer_size 16k;
  {rest}
}}
"""
_PROXY = """
upstream u{port} {{ server 127.0.0.1:{upstream}; keepalive 128; }}
server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://u{port}; proxy_http_version 1.1;
  proxy_set_header Connection ""; proxy_buffers 16 16k; proxy_buffer_size 16k; }} }}
"""
_MAPS = """
map $request_body $id {{ default ""; '~"id":(?<n>"[^"]*"|[0-9]+)' $n; }}
map $request_body $modern {{ default '{modern}';
  '~"method":"server/discover"' '{discovered}'; '~"method":"tools/list"' '{modern_tools}'; }}
map $request_body $legacy {{ default '{legacy}';
  '~"method":"initialize"' '{initialized}'; '~"method":"tools/list"' '{legacy_tools}'; }}
"""
# `root` is an empty folder: what is not there is answered below, with the body at hand.
_SERVER = """
server {{ listen 127.0.0.1:{port}; root {folder}/empty;
  location / {{ {first} mirror /mirror; error_page 404 405 = @answer; }}
  location = /mirror {{ internal; return 204; }}
  location = /call.json {{ root {folder}; error_page 405 =200 /call.json; }}
  location @answer {{ {more} if ($id = "") {{ return 202; }}
    return 200 '{{"jsonrpc":"2.0","id":$id,"result":${era}}}'; }} }}
"""
_CONSTANT = "if ($http_mcp_method = tools/call) {{ return 200 '{body}'; }}"
_FILE = "if ($http_mcp_method = tools/call) { rewrite ^ /call.json last; }"
_LEGACY = (
    "if ($request_method = GET) { return 405; } if ($request_method = DELETE) { return 204; } "
    'if ($request_body ~ server/discover) { return 400; } add_header Mcp-Session-Id "a-session";'
)
_FILES = """
server {{ listen 127.0.0.1:{port}; root {folder}; sendfile on; open_file_cache max=100; }}
"""


_REST = """
server {{ listen 127.0.0.1:{port}; location / {{ return 200 '{body}'; }} }}
"""
# Whatever is not the method is not there, in gRPC's words. POST to a file is 405 to nginx.
_GRPC = """
server {{ listen 127.0.0.1:{port} http2; root {folder}; types {{}} default_type application/grpc;
  open_file_cache max=10; location / {{ rewrite ^ /none.bin last; }}
  location = {path} {{ rewrite ^ /answer.bin last; }}
  location = /none.bin {{ error_page 405 =200 /none.bin; add_trailer grpc-status 12 always; }}
  location = /answer.bin {{ error_page 405 =200 /answer.bin; add_trailer grpc-status 0 always; }} }}
"""


class Server(NamedTuple):
    """A `server` block and where it listens."""

    port: int
    text: str


def proxy(port: int, upstream: int) -> Server:
    return Server(port, _PROXY.format(port=port, upstream=upstream))


def constant(folder: Path, port: int) -> Server:
    """A modern upstream; every call is answered with the same bytes, for the same id."""
    body = messages.answer(messages.MODERN_RESULT, messages.NUMBER)
    return _server(folder, port, "modern", _CONSTANT.format(body=body))


def large(folder: Path, port: int, size: int) -> Server:
    """The same with a text of so many bytes, from a file."""
    result = f'{{{messages.TYPED}"content":[{{"type":"text","text":"{"x" * size}"}}]}}'
    (folder / "call.json").write_text(messages.answer(result, messages.NUMBER))
    return _server(folder, port, "modern", _FILE)


def modern(folder: Path, port: int) -> Server:
    """A modern upstream that answers with the id it was sent."""
    return _server(folder, port, "modern")


def legacy(folder: Path, port: int) -> Server:
    """A legacy upstream with sessions."""
    return _server(folder, port, "legacy", more=_LEGACY)


def files(folder: Path, port: int) -> Server:
    """Everything in the folder, at `/<name>`."""
    return Server(port, _FILES.format(folder=folder, port=port))


def rest(port: int, body: str) -> Server:
    """A service that answers every request with this JSON."""
    return Server(port, _REST.format(port=port, body=body))


def grpc(folder: Path, port: int, path: str, body: bytes) -> Server:
    """A service that answers every call of the method at this path with this body."""
    (folder / "answer.bin").write_bytes(body)
    (folder / "none.bin").write_bytes(b"")
    return Server(port, _GRPC.format(folder=folder, port=port, path=path))


def _server(folder: Path, port: int, era: str, first: str = "", more: str = "") -> Server:
    (folder / "empty").mkdir(exist_ok=True)
    text = _SERVER.format(folder=folder, port=port, era=era, first=first, more=more)
    return Server(port, text)


def maps() -> str:
    """What `modern` and `legacy` need, once a process."""
    return _MAPS.format(
        modern=messages.MODERN_RESULT,
        legacy=messages.LEGACY_RESULT,
        discovered=messages.DISCOVERED,
        initialized=messages.INITIALIZED,
        modern_tools=messages.tools_page(1, modern=True),
        legacy_tools=messages.tools_page(1, modern=False),
    )


@contextmanager
def nginx(folder: Path, name: str, core: str, *servers: Server) -> Iterator[int]:
    """Serves those; the process id of its worker."""
    folder.chmod(0o755)  # the worker is nobody
    conf = folder / f"{name}.conf"
    rest = "\n".join((maps(), *(server.text for server in servers)))
    conf.write_text(_CONF.format(folder=folder, name=name, rest=rest))
    log = folder / f"{name}.out"
    with process("nginx", "-c", str(conf), "-p", str(folder), core=core, log=log) as running:
        until(lambda: bool(children(running.pid)), "nginx has a worker", 10, log)
        for server in servers:
            until(partial(answers, server.port), "nginx listens", 10, log)
        yield children(running.pid)[0]
