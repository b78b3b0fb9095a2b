"""`python -m mcpgateway.utils.create_jwt_token`: mint or read a bearer token.

Prints one token on standard output and nothing else there. Asks no server: rights come from the
registry, the token only names who calls. Flags and claims are those of ContextForge's script. HS*
are signed with JWT_SECRET_KEY, other algorithms with the key in JWT_PRIVATE_KEY_PATH.
"""

import argparse
import base64
import binascii
import json
import os
import sys
import time
import uuid
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from mcpgateway.common.jws import ALGORITHMS

PRIVATE_KEY = "JWT_PRIVATE_KEY_PATH"
DEFAULT_MINUTES = 20
SAFE_SECRET = 32  # characters


class UsageError(ValueError):
    """What was typed makes no token; the message says why."""


@dataclass(frozen=True, slots=True)
class Issue:
    """What every token of a deployment says, and the moment (Unix seconds) and id of this one."""

    issuer: str
    audience: str
    environment: str
    now: int
    jti: str


def claims(data: Mapping[str, Any], issue: Issue, minutes: int) -> dict[str, Any]:
    """The payload: `data` first, then what every token says. `minutes` 0: it never expires."""
    payload = dict(data)
    payload["iat"] = issue.now
    payload["iss"] = issue.issuer
    payload["aud"] = issue.audience
    payload["jti"] = issue.jti
    payload["env"] = issue.environment
    if "sub" not in payload:
        subject = payload.get("username") or payload.get("email")
        if not subject:
            raise UsageError("the token names nobody: give --username, or sub=... in --data")
        payload["sub"] = subject
    if minutes > 0 and "exp" not in payload:
        payload["exp"] = issue.now + 60 * minutes
    return payload


def is_shared(algorithm: str) -> bool:
    """Whether one secret signs and verifies; else a pair of keys does."""
    return algorithm.startswith("HS")


def private_key(settings: Mapping[str, str], algorithm: str) -> bytes:
    """The PEM text that signs `algorithm`, which is none of a shared secret. Raises UsageError."""
    path = settings.get(PRIVATE_KEY, "")
    if not path:
        raise UsageError(f"JWT_ALGORITHM={algorithm} is signed with a private key: {PRIVATE_KEY}")
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise UsageError(f"{PRIVATE_KEY} can not be read: {error}") from error


def sign(payload: Mapping[str, Any], material: str | bytes, algorithm: str) -> str:
    """A compact JWS (RFC 7515). `material` is a secret, or a private key as PEM, as the algorithm
    needs it. Raises UsageError."""
    body = json.dumps(payload, separators=(",", ":")).encode()
    header = {"typ": "JWT", "alg": algorithm}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)  # who takes the token judges its secret
        return jws.serialize_compact(header, body, _key(material, algorithm), [algorithm])


def _key(material: str | bytes, algorithm: str) -> Key:
    if is_shared(algorithm):
        return OctKey.import_key(material)
    kind = ECKey if algorithm[:2] == "ES" else OKPKey if algorithm[:2] == "Ed" else RSAKey
    try:
        key = kind.import_key(material)
        JWSRegistry.algorithms[algorithm].check_key(key)
    except (JoseError, ValueError, TypeError):
        raise UsageError(f"{PRIVATE_KEY} holds no PEM key for {algorithm}") from None
    if not key.is_private:
        raise UsageError(f"{PRIVATE_KEY} holds a public key; the private one signs")
    return key


def peek(token: str) -> dict[str, Any]:
    """The payload, without checking the signature. Raises UsageError."""
    parts = token.split(".")
    if len(parts) != 3:
        raise UsageError(f"a token has three parts joined by dots, this one has {len(parts)}")
    padded = parts[1] + "=" * (-len(parts[1]) % 4)
    try:
        payload = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError) as error:
        raise UsageError(f"the payload of the token is not base64url of JSON: {error}") from error
    if not isinstance(payload, dict):
        raise UsageError("the payload of the token is no JSON object")
    return payload


def parse_data(text: str) -> dict[str, Any]:
    """A JSON object, or `key=value,key=value`. Raises UsageError."""
    if text.lstrip().startswith("{"):
        try:
            found = json.loads(text)
        except json.JSONDecodeError as error:
            raise UsageError(f"--data is not JSON: {error}") from error
        return dict(found)
    data: dict[str, Any] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"--data: {pair!r} is no key=value")
        data[key.strip()] = value.strip()
    return data


def parse_scopes(text: str) -> dict[str, Any]:
    """A JSON object, or a comma-separated list of permissions. Raises UsageError."""
    if text.lstrip().startswith("{"):
        return parse_data(text)
    return {"permissions": _words(text)}


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _parser(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m mcpgateway.utils.create_jwt_token",
        description="Make a bearer token for the gateway, or show what one says.",
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("-u", "--username", metavar="EMAIL", help="who the token names")
    what.add_argument("-d", "--data", metavar="DATA", help="claims: JSON, or key=value,key=value")
    what.add_argument("--decode", metavar="TOKEN", help="show a token's claims; verifies nothing")
    parser.add_argument(
        "-e", "--exp", type=int, metavar="MINUTES", default=None, help="lifetime; 0: never expires"
    )
    parser.add_argument("-s", "--secret", help="signing secret of HS* (default: JWT_SECRET_KEY)")
    parser.add_argument("--algo", choices=ALGORITHMS, default=None, help="default: JWT_ALGORITHM")
    parser.add_argument("--pretty", action="store_true", help="show the claims on standard error")
    parser.add_argument("--admin", action="store_true", help="add user.is_admin")
    parser.add_argument("--teams", metavar="ID,ID", help="add teams")
    parser.add_argument("--scopes", metavar="A,B", help="add permissions (a list, or JSON)")
    parser.add_argument("--full-name", metavar="NAME", help="add user.full_name")
    parser.set_defaults(
        default_user=environ.get("PLATFORM_ADMIN_EMAIL") or "admin@example.com",
        default_minutes=environ.get("TOKEN_EXPIRY") or str(DEFAULT_MINUTES),
    )
    return parser


def _data(args: argparse.Namespace) -> dict[str, Any]:
    if args.data is not None:
        data = parse_data(args.data)
    else:
        data = {"username": args.username or args.default_user}
    if args.admin or args.full_name:
        email = data.get("username") or data.get("email") or data.get("sub")
        data["user"] = {"email": email, "is_admin": args.admin, "auth_provider": "cli"}
        if args.full_name:
            data["user"]["full_name"] = args.full_name
    if args.teams is not None:
        data["teams"] = _words(args.teams)
    if args.scopes is not None:
        data["scopes"] = parse_scopes(args.scopes)
    return data


def _minutes(args: argparse.Namespace) -> int:
    if args.exp is None and not args.default_minutes.isdigit():
        raise UsageError(f"TOKEN_EXPIRY must be whole minutes, got {args.default_minutes!r}")
    minutes: int = int(args.default_minutes) if args.exp is None else args.exp
    if minutes < 0:
        raise UsageError(f"--exp must be 0 or more minutes, got {minutes}")
    return minutes


def _mint(args: argparse.Namespace, environ: Mapping[str, str]) -> str:
    algorithm = args.algo or environ.get("JWT_ALGORITHM") or "HS256"
    if algorithm not in ALGORITHMS:
        raise UsageError(f"JWT_ALGORITHM must be one of {', '.join(ALGORITHMS)}, got {algorithm}")
    material = _material(args.secret, environ, algorithm)
    issue = Issue(
        issuer=environ.get("JWT_ISSUER") or "mcpgateway",
        audience=environ.get("JWT_AUDIENCE") or "mcpgateway-api",
        environment=environ.get("ENVIRONMENT") or "development",
        now=int(time.time()),
        jti=str(uuid.uuid4()),
    )
    if is_shared(algorithm) and len(material) < SAFE_SECRET:
        short = f"{len(material)} characters; {SAFE_SECRET} or more are safe"
        print(f"warning: the signing secret has {short}", file=sys.stderr)
    payload = claims(_data(args), issue, _minutes(args))
    if "exp" not in payload:
        print("warning: this token never expires", file=sys.stderr)
    if args.pretty:
        print(json.dumps(payload, indent=2), file=sys.stderr)
    return sign(payload, material, algorithm)


def _material(given: str | None, environ: Mapping[str, str], algorithm: str) -> str | bytes:
    """What signs it. Raises UsageError."""
    if not is_shared(algorithm):
        if given:
            raise UsageError(f"--secret signs HS256, HS384 and HS512, not {algorithm}: see --algo")
        return private_key(environ, algorithm)
    secret = given or environ.get("JWT_SECRET_KEY", "")
    if not secret:
        raise UsageError("no signing secret: give --secret or set JWT_SECRET_KEY")
    return secret


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Returns the exit status."""
    parser = _parser(environ)
    args = parser.parse_args(argv)
    try:
        if args.decode is not None:
            print(json.dumps(peek(args.decode), indent=2))
        else:
            print(_mint(args, environ))
    except UsageError as error:
        parser.error(str(error))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
