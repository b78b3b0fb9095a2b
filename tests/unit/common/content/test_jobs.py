"""Jobs and replies are the same on both sides of a pipe."""

from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.content.jobs import (
    Check,
    Checked,
    Failed,
    Found,
    Job,
    Render,
    Rendered,
    Reply,
    decode_job,
    decode_reply,
    encode,
)

TEXTS = st.lists(st.text()).map(tuple)
FOUND = st.builds(Found, st.text(), TEXTS)
JOBS = st.builds(Render, TEXTS, st.dictionaries(st.text(), st.text()), st.integers(0, 2**40))
REPLIES = st.one_of(
    st.builds(Rendered, TEXTS),
    st.builds(Checked, st.lists(FOUND).map(tuple)),
    st.builds(Failed, st.text(), st.integers(0, 100)),
)


@given(JOBS | st.builds(Check, TEXTS))
def test_a_job_arrives_as_it_was_sent(job: Job) -> None:
    assert decode_job(encode(job)) == job


@given(REPLIES)
def test_a_reply_arrives_as_it_was_sent(reply: Reply) -> None:
    assert decode_reply(encode(reply)) == reply
