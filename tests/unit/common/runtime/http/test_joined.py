"""Header lines that an application adds to whatever a response will be."""

from mcpgateway.common.runtime.http.exchange import joined

FRAME = b"x-frame-options"


def test_what_a_response_says_itself_stands() -> None:
    added = [(FRAME, b"DENY"), (b"access-control-allow-origin", b"https://page.example")]
    own = [(FRAME, b"SAMEORIGIN"), (b"access-control-allow-origin", b"*")]
    assert list(joined(own, added)) == own
    assert list(joined([], added)) == added


def test_what_a_response_varies_with_is_added_to() -> None:
    own, added = [(b"vary", b"accept")], [(b"vary", b"origin")]
    assert list(joined(own, added)) == [*own, *added]
