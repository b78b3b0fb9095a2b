"""RFC 6570: its own examples, and what reading gives back."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.content.uri_variables import BadTemplate, Values, expand, names, parse, read
from mcpgateway.common.routing import uri_template

# The values of RFC 6570, section 3.2, but for its associative array.
RFC: Values = {
    "count": ["one", "two", "three"],
    "dom": ["example", "com"],
    "dub": "me/too",
    "hello": "Hello World!",
    "half": "50%",
    "var": "value",
    "who": "fred",
    "base": "http://example.com/home/",
    "path": "/foo/bar",
    "list": ["red", "green", "blue"],
    "v": "6",
    "x": "1024",
    "y": "768",
    "empty": "",
    "empty_keys": [],
}


@pytest.mark.parametrize(
    ("template", "uri"),
    [
        ("{var}", "value"),
        ("{hello}", "Hello%20World%21"),
        ("{half}", "50%25"),
        ("O{empty}X", "OX"),
        ("O{undef}X", "OX"),
        ("{x,y}", "1024,768"),
        ("{x,hello,y}", "1024,Hello%20World%21,768"),
        ("?{x,empty}", "?1024,"),
        ("?{x,undef}", "?1024"),
        ("{var:3}", "val"),
        ("{var:30}", "value"),
        ("{list}", "red,green,blue"),
        ("{list*}", "red,green,blue"),
        ("{+hello}", "Hello%20World!"),
        ("{+half}", "50%25"),
        ("{+base}index", "http://example.com/home/index"),
        ("{+path}/here", "/foo/bar/here"),
        ("{+path:6}/here", "/foo/b/here"),
        ("{+x,hello,y}", "1024,Hello%20World!,768"),
        ("{#path,x}/here", "#/foo/bar,1024/here"),
        ("foo{#empty}", "foo#"),
        ("foo{#undef}", "foo"),
        ("{.who,who}", ".fred.fred"),
        ("www{.dom*}", "www.example.com"),
        ("X{.empty}", "X."),
        ("X{.list}", "X.red,green,blue"),
        ("X{.empty_keys}", "X"),
        ("{/who,dub}", "/fred/me%2Ftoo"),
        ("{/var,empty}", "/value/"),
        ("{/var,x}/here", "/value/1024/here"),
        ("{/var:1,var}", "/v/value"),
        ("{/list*}", "/red/green/blue"),
        ("{;who}", ";who=fred"),
        ("{;v,empty,who}", ";v=6;empty;who=fred"),
        ("{;hello:5}", ";hello=Hello"),
        ("{;list*}", ";list=red;list=green;list=blue"),
        ("{?x,y,empty}", "?x=1024&y=768&empty="),
        ("{?x,y,undef}", "?x=1024&y=768"),
        ("{?list}", "?list=red,green,blue"),
        ("{?list*}", "?list=red&list=green&list=blue"),
        ("?fixed=yes{&x}", "?fixed=yes&x=1024"),
        ("{&var:3}", "&var=val"),
    ],
)
def test_the_examples_of_the_rfc(template: str, uri: str) -> None:
    assert expand(parse(template), RFC) == uri


@pytest.mark.parametrize(
    ("template", "uri", "found"),
    [
        ("memo://{a}/{b}", "memo://1/2", {"a": "1", "b": "2"}),
        ("memo://{a}", "memo://a%2Fb", {"a": "a/b"}),
        ("memo://{a}", "memo://a/b", None),
        ("x:{a}{b}", "x:12", {"a": "12"}),
        ("s://h{/path*}", "s://h/a/b/c", {"path": "a/b/c"}),
        ("s://h{/a,b}", "s://h/1/2", {"a": "1", "b": "2"}),
        ("s://h{/a}", "s://h/1/2", None),
        ("s:q{?a,b}", "s:q?b=2&a=%20", {"a": " ", "b": "2"}),
        ("s:q{?a,b}", "s:q", {}),
        ("s:q{?a,b}", "s:q?c=1", None),
        ("s:{x,y}", "s:1,2", {"x": "1", "y": "2"}),
        ("s:{x,y}", "s:1,2,3", None),
        ("s:{+p}/end", "s:a/b/end", {"p": "a/b"}),
        ("f{.e}", "f.txt", {"e": "txt"}),
        ("s{;a,b}", "s;a=1;b", {"a": "1", "b": ""}),
        ("s{#f}", "s#x/y", {"f": "x/y"}),
        ("s:{a}-{a}", "s:1-1", {"a": "1"}),
        ("s:{a}-{a}", "s:1-2", None),
        ("s:fixed", "s:fixed", {}),
        ("s:fixed", "s:other", None),
    ],
)
def test_variables_are_read_out_of_a_uri(
    template: str, uri: str, found: dict[str, str] | None
) -> None:
    assert read(parse(template), uri) == found


SEPARATED = st.sampled_from(
    ["s:{a}/{b}", "s:x{/a,b}", "s:x{?a,b}", "s:x{;a,b}", "s:{a,b}", "s://{a}/y{?b}", "s:x?y{&a,b}"]
)


@given(SEPARATED, st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
def test_what_was_put_in_is_read_out_again(template: str, a: str, b: str) -> None:
    values = {"a": a, "b": b}
    uri = expand(parse(template), values)
    assert read(parse(template), uri) == values
    # Who finds templates for URIs must find it, too.
    assert uri_template.Uri(uri).matches(uri_template.parse(template))


@given(st.text(alphabet="ab{}+/?*,:3", max_size=30), st.text(alphabet="ab/?&=,.%", max_size=40))
def test_any_template_is_refused_or_reads_any_uri(template: str, uri: str) -> None:
    try:
        parsed = parse(template)
    except BadTemplate:
        return
    found = read(parsed, uri)
    assert found is None or found.keys() <= set(names(parsed))


@pytest.mark.parametrize(
    "template", ["{", "}", "a{b", "{}", "{a b}", "{a:0}", "{a:x}", "{!a}", "{a*:3}", "{a:10000}"]
)
def test_what_is_no_template_is_refused(template: str) -> None:
    with pytest.raises(BadTemplate):
        parse(template)


def test_more_variables_than_are_allowed_are_refused() -> None:
    with pytest.raises(BadTemplate, match="over 32 variables"):
        parse("".join(f"{{a{n}}}" for n in range(33)))


@pytest.mark.parametrize("part", ["{%s}", "{%s}x", "{+%s}", "{/%s*}", "{?%s}"])
def test_reading_a_hostile_uri_takes_no_time_to_speak_of(part: str) -> None:
    template = parse("".join(part % f"a{n}" for n in range(32)))
    began = time.process_time()
    for uri in ("x" * 2047 + "!", "/" * 2048, "?" * 2048, "x" * 100_000):
        read(template, uri)
    assert time.process_time() - began < 2
