"""`mcpgateway token` signs with what the gateway of a data folder verifies with."""

from pathlib import Path

import pytest
from joserfc.jwk import ECKey

from mcpgateway.cli import token
from mcpgateway.common.tokens import TokenRules, VerifyKey, verify
from mcpgateway.utils.create_jwt_token import peek


def test_it_signs_with_the_private_key_where_a_pair_of_keys_counts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key, file = ECKey.generate_key("P-256"), tmp_path / "key.pem"
    file.write_bytes(key.as_pem(private=True))
    environ = {"JWT_ALGORITHM": "ES256", "JWT_PRIVATE_KEY_PATH": str(file)}
    assert token.main(["--data-dir", str(tmp_path)], environ) == 0
    text = capsys.readouterr().out.strip()
    found = verify(text, [VerifyKey("k", "ES256", key)], TokenRules(), float(peek(text)["iat"]))
    assert found.subject == "admin@example.com"


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"JWT_ALGORITHM": "ES256"}, "JWT_PRIVATE_KEY_PATH"),
        ({"JWT_ALGORITHM": "none"}, "JWT_ALGORITHM must be one of"),
        ({}, "there is no JWT_SECRET_KEY"),
    ],
)
def test_what_is_missing_is_named(
    environ: dict[str, str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert token.main(["--data-dir", str(tmp_path)], environ) == 1
    printed = capsys.readouterr()
    assert says in printed.err
    assert not printed.out
