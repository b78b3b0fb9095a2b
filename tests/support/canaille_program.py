"""Runs a real OpenID provider (Canaille) in a process of its own: `python FILE PORT`.

The first line of stdin is JSON: the client, and people with their groups. Prints `ready` when it
serves, and ends with its stdin.
"""

import json
import os
import sys
import threading
import uuid
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend
from joserfc.jwk import JWKRegistry
from typing_extensions import override


class Quiet(WSGIRequestHandler):
    @override
    def log_message(self, format: str, *args: Any) -> None:
        pass


def configuration(port: int) -> dict[str, Any]:
    key = JWKRegistry.generate_key("RSA", 2048)
    key.ensure_kid()
    return {
        "TESTING": True,
        "ENV_FILE": None,
        "SECRET_KEY": str(uuid.uuid4()),
        "PREFERRED_URL_SCHEME": "http",
        "SERVER_NAME": f"localhost:{port}",
        "SESSION_COOKIE_SECURE": False,
        "WTF_CSRF_SSL_STRICT": False,
        "CANAILLE": {"DATABASE": "memory", "JAVASCRIPT": False, "LOGGING": {"version": 1}},
        "CANAILLE_OIDC": {"ACTIVE_JWKS": [key.as_dict(private=True)]},
    }


def fill(said: dict[str, Any]) -> None:
    backend = Backend.instance
    client = models.Client(
        client_id=said["client_id"],
        client_secret=said["client_secret"],
        client_name="Gateway",
        redirect_uris=[said["redirect_uri"]],
        grant_types=["authorization_code"],
        response_types=["code"],
        scope=["openid", "profile", "email", "groups"],
        token_endpoint_auth_method="client_secret_basic",
        client_uri="http://127.0.0.1",
    )
    backend.save(client)
    client.audience = [client]  # tokens are for it; it has to be there before it is named
    backend.save(client)
    for name, person in said["people"].items():
        user = models.User(
            user_name=name,
            formatted_name=person["name"],
            family_name=person["name"],
            emails=[person["email"]],
            password=person["password"],
        )
        backend.save(user)
        for group in person["groups"]:
            backend.save(models.Group(display_name=group, members=[user]))


def main(port: int) -> None:
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
    app = create_app(config=configuration(port), env_file=None)
    with app.app_context():
        fill(json.loads(sys.stdin.readline()))
    server = make_server("localhost", port, app, handler_class=Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main(int(sys.argv[1]))
