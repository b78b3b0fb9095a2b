"""The picture shows what is compared with nginx, in a file that browsers can read."""

from xml.etree import ElementTree

from bench.contract import Line, Target
from bench.plot import MISSED, OURS, bars, picture
from bench.results import Result, Results

LINES = (
    Line("nginx", "calls/s", (80_000.0,)),
    Line("+ <token> & more", "of nginx", (0.5, 0.7, 0.6)),
    Line("everything on", "of nginx", (0.3, 0.3, 0.3), Target(">=", 0.6)),
)
RESULTS = Results({}, {"calls": Result("calls", "Calls", "", "now", 3, 1, 1.0, (0.0, 0.0), LINES)})


def test_there_is_a_bar_for_nginx_and_for_each_share() -> None:
    found = bars(RESULTS)
    assert [(bar.label, bar.share) for bar in found] == [
        ("nginx", 1.0),
        ("+ <token> & more", 0.6),
        ("everything on", 0.3),
    ]
    assert (found[1].least, found[1].most) == (0.5, 0.7)


def test_a_missed_target_is_seen_by_its_colour() -> None:
    _, token, everything = bars(RESULTS)
    assert (token.colour, token.target) == (OURS, None)
    assert (everything.colour, everything.target) == (MISSED, 0.6)


def test_the_picture_is_well_formed_whatever_the_labels_hold() -> None:
    root = ElementTree.fromstring(picture(RESULTS))
    texts = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "+ <token> & more" in texts
    assert "0.30" in texts


def test_no_bar_leaves_the_picture_however_large_the_share() -> None:
    wide = Line("fast", "of nginx", (3.0,))
    result = Result("calls", "", "", "now", 1, 1, 1.0, (0.0, 0.0), (wide,))
    root = ElementTree.fromstring(picture(Results({}, {"calls": result})))
    for bar in root.iter("{http://www.w3.org/2000/svg}rect"):
        assert float(bar.attrib["x"]) + float(bar.attrib["width"]) <= float(root.attrib["width"])


def test_without_results_it_is_still_a_picture() -> None:
    assert bars(Results({})) == []
    ElementTree.fromstring(picture(Results({})))
