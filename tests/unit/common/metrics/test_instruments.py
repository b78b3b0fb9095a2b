import pytest

from mcpgateway.common.metrics.exposition import Family, Sample
from mcpgateway.common.metrics.instruments import OTHER, Counter, Histogram, Labelled, Registry


def test_a_histogram_counts_each_value_in_the_first_bucket_that_takes_it() -> None:
    histogram = Histogram((1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 2.0, 99.0):
        histogram.observe(value)
    assert histogram.counts == [2, 2, 1]
    assert histogram.sum == 104.0


def test_an_instrument_is_found_again_by_its_labels() -> None:
    counters = Labelled(Counter, 2)
    assert counters.of("a", "b") is counters.of("a", "b")
    assert counters.of("a", "b") is not counters.of("b", "a")


def test_labels_over_the_limit_share_one_instrument() -> None:
    counters = Labelled(Counter, 1, limit=2)
    first, second = counters.of("a"), counters.of("b")
    assert counters.of("c") is counters.of("d")
    assert (counters.of("a"), counters.of("b")) == (first, second)
    assert [key for key, _ in counters.items()] == [("a",), ("b",), (OTHER,)]


def test_a_wrong_number_of_labels_is_refused() -> None:
    with pytest.raises(ValueError, match="2 label values"):
        Labelled(Counter, 2).of("a")


def test_a_registry_shows_what_was_moved_and_asks_for_the_rest() -> None:
    registry, asked = Registry(), [7.0]
    registry.counter("a_total", "A.").value += 2
    registry.counters("b_total", "B.", ("x",)).of("y").value += 3
    registry.histogram("c_seconds", "C.", (1.0,)).observe(0.5)
    registry.gauge("d", "D.", lambda: asked[0])
    asked[0] = 8.0
    assert registry.families() == [
        Family("a_total", "counter", "A.", (), [Sample((), 2.0)]),
        Family("b_total", "counter", "B.", ("x",), [Sample(("y",), 3.0)]),
        Family("c_seconds", "histogram", "C.", (), [Sample((), 0.5, [1, 0])], (1.0,)),
        Family("d", "gauge", "D.", (), [Sample((), 8.0)]),
    ]


def test_what_was_shown_does_not_move_any_more() -> None:
    registry = Registry()
    histogram = registry.histogram("a", "A.", (1.0,))
    shown = registry.families()
    histogram.observe(0.5)
    assert shown[0].samples[0].counts == [0, 0]


def test_a_name_is_given_once() -> None:
    registry = Registry()
    registry.counter("a_total", "A.")
    with pytest.raises(ValueError, match="a_total"):
        registry.gauge("a_total", "A.", lambda: 0.0)
