"""The one table of what the HTTP/1.1 server refuses, as bytes, each with its status.

Each is a message that another reader could take otherwise, or that no honest client sends. The
last table is what looks alike and is good HTTP. `SECOND` is what a smuggler would put behind.
"""

from mcpgateway.common.runtime.http.exchange import ServerLimits

HOST = b"Host: gateway\r\n"
GET = b"GET / HTTP/1.1\r\n" + HOST
POST = b"POST / HTTP/1.1\r\n" + HOST
FIVE = b"\r\n\r\nabcde"  # ends the headers; a body of five bytes
CHUNKS = b"\r\n\r\n5\r\nabcde\r\n0\r\n\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
UPGRADE = POST + b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
SECOND = b"GET /second HTTP/1.1\r\nHost: gateway\r\n\r\n"
LIMITS = ServerLimits(
    header_bytes=2_000,
    header_count=10,
    target_bytes=500,
    header_seconds=0.2,
    body_seconds=0.2,
    body_total_seconds=0.4,
    idle_seconds=0.2,
)

# Refused in the head: the application is not asked.
HEADS: dict[str, tuple[int, bytes]] = {
    # Content-Length (RFC 9112 6.2, 6.3)
    "length and chunked": (
        400,
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked" + CHUNKS,
    ),
    "chunked and length": (
        400,
        POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5" + CHUNKS,
    ),
    "length and an unknown coding": (
        400,
        POST + b"Content-Length: 5\r\nTransfer-Encoding: xchunked" + FIVE,
    ),
    "length and identity": (
        400,
        POST + b"Content-Length: 5\r\nTransfer-Encoding: identity" + FIVE,
    ),
    "a coding and no length at all": (
        400,
        POST + b"Transfer-Encoding: gzip\r\nContent-Length: 0\r\n\r\n",
    ),
    "two equal lengths": (400, POST + b"Content-Length: 5\r\nContent-Length: 5" + FIVE),
    "two lengths": (400, POST + b"Content-Length: 5\r\nContent-Length: 6" + FIVE),
    "a list of lengths": (400, POST + b"Content-Length: 5, 5" + FIVE),
    "a list of lengths without space": (400, POST + b"Content-Length: 5,5" + FIVE),
    "two numbers": (400, POST + b"Content-Length: 5 5" + FIVE),
    "a signed length": (400, POST + b"Content-Length: +5" + FIVE),
    "a negative length": (400, POST + b"Content-Length: -5" + FIVE),
    "a hexadecimal length": (400, POST + b"Content-Length: 0x5" + FIVE),
    "a length with an exponent": (400, POST + b"Content-Length: 5e0" + FIVE),
    "a length with a point": (400, POST + b"Content-Length: 5.0" + FIVE),
    "a length with an underscore": (400, POST + b"Content-Length: 0_5" + FIVE),
    "a length in other digits": (400, POST + b"Content-Length: \xef\xbc\x95" + FIVE),
    "an empty length": (400, POST + b"Content-Length:" + FIVE),
    "a length of 2^64": (400, POST + b"Content-Length: 18446744073709551616" + FIVE),
    "a length of 2^64 + 5": (400, POST + b"Content-Length: 18446744073709551621" + FIVE),
    "a length without end": (400, POST + b"Content-Length: " + b"9" * 40 + FIVE),
    # Transfer-Encoding (RFC 9112 6.1, 7)
    "identity": (501, POST + b"Transfer-Encoding: identity" + CHUNKS),
    "an unknown coding": (501, POST + b"Transfer-Encoding: gzip" + CHUNKS),
    "a coding before chunked": (501, POST + b"Transfer-Encoding: gzip, chunked" + CHUNKS),
    "a coding after chunked": (400, POST + b"Transfer-Encoding: chunked, identity" + CHUNKS),
    "xchunked": (501, POST + b"Transfer-Encoding: xchunked" + CHUNKS),
    "chunkedx": (501, POST + b"Transfer-Encoding: chunkedx" + CHUNKS),
    "chunked in quotes": (501, POST + b'Transfer-Encoding: "chunked"' + CHUNKS),
    "chunked with a parameter": (501, POST + b"Transfer-Encoding: chunked;q=1" + CHUNKS),
    "chunked after a comma": (501, POST + b"Transfer-Encoding: ,chunked" + CHUNKS),
    "chunked before a comma": (400, POST + b"Transfer-Encoding: chunked," + CHUNKS),
    "chunked after a vertical tab": (400, POST + b"Transfer-Encoding: \x0bchunked" + CHUNKS),
    "chunked after a no-break space": (501, POST + b"Transfer-Encoding: \xa0chunked" + CHUNKS),
    "chunked twice": (400, POST + b"Transfer-Encoding: chunked, chunked" + CHUNKS),
    "chunked in two headers": (
        400,
        POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked" + CHUNKS,
    ),
    "chunked, then identity": (
        400,
        POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity" + CHUNKS,
    ),
    "identity, then chunked": (
        501,
        POST + b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked" + CHUNKS,
    ),
    "an empty coding": (400, POST + b"Transfer-Encoding:" + CHUNKS),
    "a coding after space before the colon": (
        400,
        POST + b"Transfer-Encoding : chunked" + CHUNKS,
    ),
    "a folded coding": (400, POST + b"Transfer-Encoding:\r\n chunked" + CHUNKS),
    "chunked in HTTP/1.0": (
        400,
        b"POST / HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked" + CHUNKS,
    ),
    # Line ends and folding (RFC 9112 2.2, 5.2)
    "line feeds alone": (400, b"GET / HTTP/1.1\nHost: gateway\n\n"),
    "a line feed after the request line": (400, b"GET / HTTP/1.1\n" + HOST + b"\r\n"),
    "a line feed after a header": (400, GET + b"X: y\nZ: a\r\n\r\n"),
    "a line feed before the end": (400, GET + b"X: y\n\r\n"),
    "a line feed as the end": (400, GET + b"X: y\r\n\n"),
    "a carriage return in a value": (400, GET + b"X: a\rY: b\r\n\r\n"),
    "a carriage return in a name": (400, GET + b"X\rY: b\r\n\r\n"),
    "a carriage return in the target": (400, b"GET /\ra HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a carriage return after the request line": (400, b"GET / HTTP/1.1\r" + HOST + b"\r\n"),
    "two carriage returns": (400, GET + b"X: y\r\r\n\r\n"),
    "a carriage return as the end": (400, GET + b"X: y\r\n\r"),
    "a header folded by a space": (400, GET + b"X: a\r\n b\r\n\r\n"),
    "a header folded by a tab": (400, GET + b"X: a\r\n\tb\r\n\r\n"),
    "a line of one space": (400, GET + b"X: a\r\n \r\n\r\n"),
    "a folded host": (400, b"GET / HTTP/1.1\r\nHost: gate\r\n way\r\n\r\n"),
    "space before the first header": (400, b"GET / HTTP/1.1\r\n " + HOST + b"\r\n"),
    # Names, values, control characters (RFC 9110 5.1, 5.5)
    "space before the colon": (400, GET + b"X : a\r\n\r\n"),
    "a tab before the colon": (400, GET + b"X\t: a\r\n\r\n"),
    "no header name": (400, GET + b": a\r\n\r\n"),
    "no colon": (400, GET + b"X\r\n\r\n"),
    "a name that is no token": (400, GET + b"X(y): a\r\n\r\n"),
    "a name beyond ASCII": (400, GET + b"X\xc3\xa9: a\r\n\r\n"),
    "NUL in a value": (400, GET + b"X: a\0b\r\n\r\n"),
    "NUL in a name": (400, GET + b"X\0: a\r\n\r\n"),
    "NUL in the target": (400, b"GET /a\0b HTTP/1.1\r\n" + HOST + b"\r\n"),
    "NUL in the method": (400, b"G\0ET / HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a control character in a value": (400, GET + b"X: a\x01b\r\n\r\n"),
    "DEL in a value": (400, GET + b"X: a\x7fb\r\n\r\n"),
    "a control character in the target": (400, b"GET /\x01 HTTP/1.1\r\n" + HOST + b"\r\n"),
    "DEL in the target": (400, b"GET /\x7f HTTP/1.1\r\n" + HOST + b"\r\n"),
    "two authorizations": (400, GET + b"Authorization: Bearer a\r\nauthorization: b\r\n\r\n"),
    "two origins": (400, GET + b"Origin: http://a\r\nOrigin: http://b\r\n\r\n"),
    # Sizes
    "too many headers": (431, GET + b"X: y\r\n" * 10 + b"\r\n"),
    "a header too long": (431, GET + b"X: " + b"y" * 2_000 + b"\r\n\r\n"),
    "a name too long": (431, GET + b"x" * 2_000 + b": y\r\n\r\n"),
    "headers too long together": (431, GET + (b"X: " + b"y" * 400 + b"\r\n") * 5 + b"\r\n"),
    "a target too long": (414, b"GET /" + b"a" * 500 + b" HTTP/1.1\r\n" + HOST + b"\r\n"),
    # Request line and version (RFC 9112 3, RFC 9110 2.5)
    "an unknown method": (400, b"FETCH / HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a method in small letters": (400, b"get / HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a space before the method": (400, b" GET / HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a tab after the method": (400, b"GET\t/ HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a space in the target": (400, b"GET /a b HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a space after the version": (400, b"GET / HTTP/1.1 \r\n" + HOST + b"\r\n"),
    "a version in small letters": (400, b"GET / http/1.1\r\n" + HOST + b"\r\n"),
    "HTTP/0.9 by its form": (505, b"GET /\r\n\r\n"),
    "HTTP/0.9 by name": (505, b"GET / HTTP/0.9\r\n" + HOST + b"\r\n"),
    "HTTP/1.2": (400, b"GET / HTTP/1.2\r\n" + HOST + b"\r\n"),
    "HTTP/1.10": (400, b"GET / HTTP/1.10\r\n" + HOST + b"\r\n"),
    "HTTP/2.0": (505, b"GET / HTTP/2.0\r\n" + HOST + b"\r\n"),
    "HTTP/3.0": (400, b"GET / HTTP/3.0\r\n" + HOST + b"\r\n"),
    "the preface of HTTP/2": (400, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "TLS on a plain port": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    "SSH": (400, b"SSH-2.0-OpenSSH_9.2\r\n"),
    # Forms of the target (RFC 9112 3.2)
    "CONNECT": (501, b"CONNECT a:443 HTTP/1.1\r\n" + HOST + b"\r\n"),
    "CONNECT with a path": (501, b"CONNECT / HTTP/1.1\r\n" + HOST + b"\r\n"),
    "an authority for GET": (400, b"GET gateway:80 HTTP/1.1\r\n" + HOST + b"\r\n"),
    "an asterisk for GET": (400, b"GET * HTTP/1.1\r\n" + HOST + b"\r\n"),
    "two asterisks": (400, b"OPTIONS ** HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a URL of another scheme": (400, b"GET ftp://gateway/b HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a URL of another host": (400, b"GET http://other/ HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a URL of another port": (400, b"GET http://gateway:81/ HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a URL with a user": (400, b"GET http://u@gateway/ HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a URL without a host": (400, b"GET http:///b HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a URL with half a bracket": (400, b"GET http://[::1/ HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a URL and no host": (400, b"GET http://gateway/ HTTP/1.1\r\n\r\n"),
    "a fragment": (400, b"GET /a#b HTTP/1.1\r\n" + HOST + b"\r\n"),
    "raw bytes in the target": (400, b"GET /\xc3\xa9 HTTP/1.1\r\n" + HOST + b"\r\n"),
    # Host (RFC 9112 3.2)
    "no host": (400, b"GET / HTTP/1.1\r\n\r\n"),
    "two hosts": (400, GET + b"Host: other\r\n\r\n"),
    "two equal hosts": (400, GET + HOST + b"\r\n"),
    "two hosts in HTTP/1.0": (400, b"GET / HTTP/1.0\r\n" + HOST + HOST + b"\r\n"),
    "an empty host": (400, b"GET / HTTP/1.1\r\nHost:\r\n\r\n"),
    "a host with a path": (400, b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
    "a host with a user": (400, b"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"),
    "a host with a space": (400, b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
    "a port that is no number": (400, b"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n"),
    "a port out of all bounds": (400, b"GET / HTTP/1.1\r\nHost: a:123456\r\n\r\n"),
    # Expect (RFC 9110 10.1.1)
    "another expectation": (417, POST + b"Expect: tea\r\nContent-Length: 5" + FIVE),
    "a second expectation": (417, POST + b"Expect: 100-continue, tea\r\nContent-Length: 5" + FIVE),
    "no expectation": (417, POST + b"Expect:\r\nContent-Length: 5" + FIVE),
    # Upgrade: what llhttp leaves unframed is framed as strictly
    "an upgrade with length and chunked": (
        400,
        UPGRADE + b"Content-Length: 5\r\nTransfer-Encoding: chunked" + CHUNKS,
    ),
    "an upgrade with two lengths": (
        400,
        UPGRADE + b"Content-Length: 5\r\nContent-Length: 6" + FIVE,
    ),
    "an upgrade with a signed length": (400, UPGRADE + b"Content-Length: +5" + FIVE),
    "an upgrade with another coding": (501, UPGRADE + b"Transfer-Encoding: identity" + CHUNKS),
}

# Refused in the body: the application has said how it would take it, and never gets it.
BODIES: dict[str, tuple[int, bytes]] = {
    # Chunks (RFC 9112 7.1)
    "a size that is none": (400, CHUNKED + b"x\r\n"),
    "an empty size": (400, CHUNKED + b"\r\nabcde\r\n0\r\n\r\n"),
    "a negative size": (400, CHUNKED + b"-5\r\nabcde\r\n0\r\n\r\n"),
    "a signed size": (400, CHUNKED + b"+5\r\nabcde\r\n0\r\n\r\n"),
    "a size with a prefix": (400, CHUNKED + b"0x5\r\nabcde\r\n0\r\n\r\n"),
    "space before the size": (400, CHUNKED + b" 5\r\nabcde\r\n0\r\n\r\n"),
    "space behind the size": (400, CHUNKED + b"5 \r\nabcde\r\n0\r\n\r\n"),
    "a size of 2^64 + 5": (400, CHUNKED + b"10000000000000005\r\nabcde\r\n0\r\n\r\n"),
    "a size over 64 bits": (400, CHUNKED + b"f" * 17 + b"\r\nabcde\r\n0\r\n\r\n"),
    "a size that never comes true": (408, CHUNKED + b"f" * 16 + b"\r\nabcde\r\n0\r\n\r\n"),
    "zeros without end": (400, CHUNKED + b"0" * 5_000),
    "a line feed behind the size": (400, CHUNKED + b"5\nabcde\r\n0\r\n\r\n"),
    "a line feed behind the data": (400, CHUNKED + b"5\r\nabcde\n0\r\n\r\n"),
    "a line feed behind the last size": (400, CHUNKED + b"5\r\nabcde\r\n0\n\r\n"),
    "a line feed as the end of the body": (400, CHUNKED + b"5\r\nabcde\r\n0\r\n\n"),
    "no line end behind the data": (400, CHUNKED + b"5\r\nabcde0\r\n\r\n"),
    "more data than the size says": (400, CHUNKED + b"5\r\nabcdefg\r\n0\r\n\r\n"),
    "no end of the body": (400, CHUNKED + b"5\r\nabcde\r\n0\r\n"),
    # Extensions of chunks (RFC 9112 7.1.1)
    "a line feed in an extension": (400, CHUNKED + b"5;a\nb\r\nabcde\r\n0\r\n\r\n"),
    "a carriage return in an extension": (400, CHUNKED + b"5;a\rb\r\nabcde\r\n0\r\n\r\n"),
    "NUL in an extension": (400, CHUNKED + b"5;a=\0\r\nabcde\r\n0\r\n\r\n"),
    "a line end within quotes": (400, CHUNKED + b'5;a="\r\nabcde\r\n0\r\n\r\n'),
    "one extension without end": (400, CHUNKED + b"1;" + b"x" * 100_000),
    "extensions larger than their data": (400, CHUNKED + (b"1;" + b"x" * 300 + b"\r\na\r\n") * 50),
    # Trailers (RFC 9112 7.1.2)
    "a length in the trailers": (400, CHUNKED + b"0\r\nContent-Length: 50\r\n\r\n"),
    "space before a trailer's colon": (400, CHUNKED + b"0\r\nX : y\r\n\r\n"),
    "a folded trailer": (400, CHUNKED + b"0\r\nX: y\r\n z\r\n\r\n"),
    "NUL in a trailer": (400, CHUNKED + b"0\r\nX: \0\r\n\r\n"),
    "trailers too long": (431, CHUNKED + b"0\r\n" + b"X: y\r\n" * 5_000),
    # Sizes
    "a length over the limit": (413, POST + b"Content-Length: 999999999999999999" + FIVE),
    "chunks over the limit": (413, CHUNKED + b"3e9\r\n" + b"x" * 1001 + b"\r\n0\r\n\r\n"),
}

# Good HTTP, as strange as it looks: both requests are answered 200.
ACCEPTED: dict[str, bytes] = {
    "empty lines before the request": b"\r\n\r\n" + GET + b"\r\n",
    "a tab before a length": POST + b"Content-Length:\t5" + FIVE,
    "a length with a leading zero": POST + b"Content-Length: 05" + FIVE,
    "chunked in any letters": POST + b"Transfer-Encoding: ChUnKeD " + CHUNKS,
    "chunked for GET": GET + b"Transfer-Encoding: chunked" + CHUNKS,
    "a size with leading zeros": CHUNKED + b"00000000000000000005\r\nabcde\r\n0\r\n\r\n",
    "an extension": CHUNKED + b'5;a="b c";d\r\nabcde\r\n0\r\n\r\n',
    "trailers that would be dangerous in the head": (
        CHUNKED + b"5\r\nabcde\r\n0\r\nHost: other\r\nAuthorization: x\r\n\r\n"
    ),
    "bytes beyond ASCII in a value": GET + b"X: \xc3\xa9\r\n\r\n",
    "an empty value": GET + b"X:\r\n\r\n",
    "a URL of this host": b"GET http://GATEWAY:80/ HTTP/1.1\r\n" + HOST + b"\r\n",
    "an asterisk for OPTIONS": b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n",
    "an address as the host": b"GET / HTTP/1.1\r\nHost: [::1]:4444\r\n\r\n",
    "an upgrade that is not offered": UPGRADE + b"\r\n",
    "HTTP/1.0 that keeps the connection": b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
}
