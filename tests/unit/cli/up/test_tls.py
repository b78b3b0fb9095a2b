"""TLS files are made where wanted, and tried before anything starts."""

from pathlib import Path

import pytest

from mcpgateway.cli.errors import CommandError
from mcpgateway.cli.up.tls import prepare
from mcpgateway.common.runtime.self_signed import files
from mcpgateway.common.runtime.server_tls import TlsFiles


def test_a_self_signed_pair_is_made_once(tmp_path: Path) -> None:
    pair = files(tmp_path / "tls")
    prepare(pair, "127.0.0.1")
    made = pair.certificate.read_bytes()
    prepare(pair, "127.0.0.1")
    assert pair.certificate.read_bytes() == made
    prepare(pair, None)  # a good pair of the user's own


def test_files_that_do_not_work_are_an_error_that_says_why(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"missing\.pem: No such file"):
        prepare(TlsFiles(tmp_path / "missing.pem", tmp_path / "missing.pem"), None)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CommandError):
        prepare(files(tmp_path / "file" / "tls"), "127.0.0.1")
