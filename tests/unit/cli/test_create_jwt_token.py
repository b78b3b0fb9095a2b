import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from mcpgateway.common.tokens import TokenRules, VerifyKey, verify
from mcpgateway.utils import create_jwt_token as tool

SECRET = "a-secret-that-is-long-enough-for-hs256"
ENVIRON = {"JWT_SECRET_KEY": SECRET}
ISSUE = tool.Issue("mcpgateway", "mcpgateway-api", "development", 1_000, "an-id")


def _verify(token: str, secret: str = SECRET, now: float = 0.0) -> dict[str, object]:
    key = VerifyKey("k", "HS256", OctKey.import_key(secret))
    payload = tool.peek(token)
    return dict(verify(token, [key], TokenRules(), now or float(payload["iat"])).raw)


def _mint(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    assert tool.main(argv, ENVIRON) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    return lines[0]


def test_the_claims_are_those_of_the_reference_in_its_order(
    capsys: pytest.CaptureFixture[str],
) -> None:
    token = _mint(capsys, "--username", "admin@example.com", "--exp", "10080", "--secret", SECRET)
    payload = _verify(token)
    assert list(payload) == ["username", "iat", "iss", "aud", "jti", "env", "sub", "exp"]
    assert payload["sub"] == payload["username"] == "admin@example.com"
    assert (payload["iss"], payload["aud"]) == ("mcpgateway", "mcpgateway-api")
    assert payload["env"] == "development"
    assert int(str(payload["exp"])) - int(str(payload["iat"])) == 10080 * 60


def test_exp_zero_makes_a_token_without_expiry_and_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert tool.main(["-u", "a@b.c", "-e", "0"], ENVIRON) == 0
    printed = capsys.readouterr()
    assert "exp" not in tool.peek(printed.out.strip())
    assert "never expires" in printed.err


def test_a_short_secret_works_and_is_remarked_upon(capsys: pytest.CaptureFixture[str]) -> None:
    assert tool.main(["-u", "a@b.c", "--secret", "my-test-key"], {}) == 0
    printed = capsys.readouterr()
    assert tool.peek(printed.out.strip())["sub"] == "a@b.c"
    assert "11 characters" in printed.err
    assert "my-test-key" not in printed.err


def test_admin_teams_scopes_and_full_name_become_claims(
    capsys: pytest.CaptureFixture[str],
) -> None:
    flags = ["--admin", "--teams", "t1, t2", "--scopes", "tools.read", "--full-name", "A B"]
    payload = _verify(_mint(capsys, "-u", "a@b.c", *flags))
    assert payload["user"] == {
        "email": "a@b.c",
        "is_admin": True,
        "auth_provider": "cli",
        "full_name": "A B",
    }
    assert payload["teams"] == ["t1", "t2"]
    assert payload["scopes"] == {"permissions": ["tools.read"]}


def test_decode_shows_the_claims_without_a_secret(capsys: pytest.CaptureFixture[str]) -> None:
    token = tool.sign({"sub": "x"}, SECRET, "HS256")
    assert tool.main(["--decode", token], {}) == 0
    assert json.loads(capsys.readouterr().out) == {"sub": "x"}


def test_pretty_leaves_standard_output_to_the_token(capsys: pytest.CaptureFixture[str]) -> None:
    assert tool.main(["-u", "a@b.c", "--pretty"], ENVIRON) == 0
    printed = capsys.readouterr()
    assert tool.peek(printed.out.strip())["sub"] == "a@b.c"
    assert json.loads(printed.err)["sub"] == "a@b.c"


@pytest.mark.parametrize(
    ("argv", "environ", "says"),
    [
        (["-u", "a@b.c"], {}, "JWT_SECRET_KEY"),
        (["-u", "a@b.c", "-e", "-1"], ENVIRON, "--exp must be 0 or more"),
        (["-d", "nonsense"], ENVIRON, "'nonsense' is no key=value"),
        (["-d", "{"], ENVIRON, "--data is not JSON"),
        (["-d", "color=blue"], ENVIRON, "names nobody"),
        (["--decode", "abc"], {}, "three parts"),
        (["--decode", "a.!!.c"], {}, "base64url"),
        (["-u", "a@b.c"], {**ENVIRON, "TOKEN_EXPIRY": "soon"}, "TOKEN_EXPIRY"),
        (["-u", "a@b.c"], {**ENVIRON, "JWT_ALGORITHM": "none"}, "JWT_ALGORITHM must be one of"),
        (["-u", "a@b.c"], {**ENVIRON, "JWT_ALGORITHM": "RS256"}, "JWT_PRIVATE_KEY_PATH"),
        (["-u", "a@b.c", "--secret", "x"], {"JWT_ALGORITHM": "RS256"}, "--secret signs HS256"),
        (
            ["-u", "a@b.c"],
            {"JWT_ALGORITHM": "RS256", "JWT_PRIVATE_KEY_PATH": "/there/is/none"},
            "JWT_PRIVATE_KEY_PATH can not be read",
        ),
    ],
)
def test_what_makes_no_token_is_refused_with_the_reason(
    argv: list[str],
    environ: dict[str, str],
    says: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        tool.main(argv, environ)
    printed = capsys.readouterr()
    assert says in printed.err
    assert printed.out == ""


@given(st.dictionaries(st.text(min_size=1), st.text() | st.integers() | st.booleans()))
def test_any_json_data_reaches_the_payload_unless_the_token_itself_says_it(
    data: dict[str, object],
) -> None:
    given_data = {**data, "sub": "someone"}
    payload = tool.claims(tool.parse_data(json.dumps(given_data)), ISSUE, 0)
    own = {"iat", "iss", "aud", "jti", "env"}
    assert {k: v for k, v in payload.items() if k not in own} == {
        k: v for k, v in given_data.items() if k not in own
    }
    assert tool.peek(tool.sign(payload, SECRET, "HS256")) == payload


PAIRS: dict[str, ECKey | OKPKey | RSAKey] = {
    "RS256": RSAKey.generate_key(2048),
    "PS384": RSAKey.generate_key(2048),
    "ES256": ECKey.generate_key("P-256"),
    "Ed25519": OKPKey.generate_key("Ed25519"),
}


def _pem(folder: Path, algorithm: str, *, private: bool = True) -> dict[str, str]:
    file = folder / f"{algorithm}.pem"
    file.write_bytes(PAIRS[algorithm].as_pem(private=private))
    return {"JWT_ALGORITHM": algorithm, "JWT_PRIVATE_KEY_PATH": str(file)}


@pytest.mark.parametrize("algorithm", PAIRS)
def test_an_algorithm_of_a_pair_of_keys_is_signed_with_the_private_one(
    algorithm: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tool.main(["-u", "a@b.c"], _pem(tmp_path, algorithm)) == 0
    printed = capsys.readouterr()
    assert not printed.err
    text = printed.out.strip()
    now = float(tool.peek(text)["iat"])
    key = VerifyKey("k", algorithm, PAIRS[algorithm])
    assert verify(text, [key], TokenRules(), now).subject == "a@b.c"


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "Ed25519"])
def test_a_key_that_is_not_of_the_algorithm_is_refused(
    algorithm: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = "RS256" if algorithm != "ES384" else "ES256"
    environ = _pem(tmp_path, other) | {"JWT_ALGORITHM": algorithm}
    with pytest.raises(SystemExit):
        tool.main(["-u", "a@b.c"], environ)
    assert f"holds no PEM key for {algorithm}" in capsys.readouterr().err


def test_a_public_key_signs_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        tool.main(["-u", "a@b.c"], _pem(tmp_path, "ES256", private=False))
    assert "holds a public key" in capsys.readouterr().err
