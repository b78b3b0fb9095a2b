"""Conversations of the examined server: what it asks next, keeping nothing itself."""

import pytest

from conformance.questions import (
    CAPABILITY,
    CONVERSATIONS,
    Answers,
    Ask,
    Conversation,
    Done,
    Impossible,
    of_tool,
    turn,
)

ALL = frozenset(CAPABILITY.values())


def play(conversation: Conversation, declared: frozenset[str] = ALL) -> tuple[int, str]:
    """Answers everything; how many rounds it took, and the text."""
    state: str | None = None
    answers: Answers = {}
    for rounds in range(10):
        step = turn(conversation, state, answers, declared)
        if isinstance(step, Done):
            return rounds, step.text
        assert isinstance(step, Ask)
        state, answers = step.state, {key: {"action": "accept"} for key in step.questions}
    raise AssertionError("it does not end")


@pytest.mark.parametrize("name", sorted(CONVERSATIONS))
def test_a_conversation_asks_each_round_once_and_ends(name: str) -> None:
    conversation = CONVERSATIONS[name]
    rounds, text = play(conversation)
    assert rounds == len(conversation.rounds)
    assert text


def test_what_is_missing_is_asked_again_and_what_is_extra_ignored() -> None:
    conversation = CONVERSATIONS["test_input_required_result_elicitation"]
    asked = turn(conversation, None, {"wrong": {}}, ALL)
    assert isinstance(asked, Ask)
    assert set(asked.questions) == {"user_name"}
    assert isinstance(turn(conversation, None, {"user_name": {}, "extra": {}}, ALL), Done)


def test_without_its_state_a_stateful_conversation_begins_anew() -> None:
    conversation = CONVERSATIONS["test_input_required_result_request_state"]
    assert isinstance(turn(conversation, None, {"confirm": {}}, ALL), Ask)
    with pytest.raises(ValueError, match="no round 7"):
        turn(conversation, "7", {}, ALL)


def test_nothing_is_asked_that_the_client_can_not_answer() -> None:
    sampling = frozenset({"sampling"})
    optional = CONVERSATIONS["test_input_required_result_capabilities"]
    asked = turn(optional, None, {}, sampling)
    assert isinstance(asked, Ask)
    assert set(asked.questions) == {"greeting"}
    needed = turn(CONVERSATIONS["test_streaming_elicitation"], None, {}, sampling)
    assert needed == Impossible(frozenset({"elicitation"}))


def test_a_question_may_be_made_of_the_arguments() -> None:
    conversation = of_tool("test_sampling", {"prompt": "Why?"})
    assert conversation is not None
    assert "Why?" in str(conversation.rounds)
    assert of_tool("test_simple_text", {}) is None
