"""Tools and a prompt that ask the client something, and what to do next in such a conversation.

How a question travels is not decided here: a modern server answers `input_required` and is called
again, a legacy one sends requests while the call is open.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.contents import STRING, Object, schema

Round = Mapping[str, tuple[str, Object]]  # key -> (method, params)
Answers = Mapping[str, Any]

CAPABILITY = {
    "elicitation/create": "elicitation",
    "sampling/createMessage": "sampling",
    "roots/list": "roots",
}


def elicit(message: str, requested: Object) -> tuple[str, Object]:
    return "elicitation/create", {"message": message, "requestedSchema": requested}


def sample(prompt: str, max_tokens: int) -> tuple[str, Object]:
    message = {"role": "user", "content": {"type": "text", "text": prompt}}
    return "sampling/createMessage", {"messages": [message], "maxTokens": max_tokens}


ROOTS: tuple[str, Object] = ("roots/list", {})


@dataclass(frozen=True, slots=True)
class Conversation:
    """Rounds of questions, then a text made of the answers of the last.

    `stateful`: the round is kept in `requestState`; others have one round and need none.
    `optional`: questions that the client has no capability for are left out.
    """

    rounds: tuple[Round, ...]
    finish: Callable[[Answers], str]
    stateful: bool = False
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """Put these questions. `state` goes to the client and comes back."""

    questions: Round
    state: str | None


@dataclass(frozen=True, slots=True)
class Done:
    text: str


@dataclass(frozen=True, slots=True)
class Impossible:
    """The client declared none of the capabilities that are needed."""

    needed: frozenset[str]


def turn(
    conversation: Conversation, state: str | None, answers: Answers, declared: frozenset[str]
) -> Ask | Done | Impossible:
    """What a server that keeps nothing does next. Raises ValueError for a state it never made."""
    place = _place(conversation, state)
    asked = askable(conversation, place, declared)
    if not asked:
        return Impossible(frozenset(CAPABILITY[m] for m, _ in conversation.rounds[place].values()))
    started = state is not None or not conversation.stateful
    if not (started and asked.keys() <= answers.keys()):
        return Ask(asked, str(place) if conversation.stateful else None)
    if place + 1 < len(conversation.rounds):
        return Ask(askable(conversation, place + 1, declared), str(place + 1))
    return Done(conversation.finish(answers))


def askable(conversation: Conversation, place: int, declared: frozenset[str]) -> Round:
    """Questions of a round; all or none of them, unless they are optional."""
    asked = conversation.rounds[place]
    allowed = {key: each for key, each in asked.items() if CAPABILITY[each[0]] in declared}
    return allowed if conversation.optional or len(allowed) == len(asked) else {}


def _place(conversation: Conversation, state: str | None) -> int:
    if state is None:
        return 0
    place = int(state)
    if not (conversation.stateful and 0 <= place < len(conversation.rounds)):
        raise ValueError(f"no round {place} in this conversation")
    return place


def _said(key: str) -> Callable[[Answers], str]:
    return lambda answers: f"Answer: {answers[key]}"


def _one(key: str, question: tuple[str, Object]) -> Conversation:
    return Conversation(({key: question},), _said(key))


NAME = elicit("What is your name?", schema(name=STRING))
CONFIRM = elicit("Please confirm", schema(ok={"type": "boolean"}))
GREETING = sample("Generate a greeting", 50)
COLOR = elicit("Step 2: What is your favorite color?", schema(color=STRING))


def _titled(prefix: str, *titles: str) -> list[Object]:
    return [{"const": f"{prefix}{n}", "title": each} for n, each in enumerate(titles, 1)]


_DEFAULTS = schema(
    name={"type": "string", "default": "John Doe"},
    age={"type": "integer", "default": 30},
    score={"type": "number", "default": 95.5},
    status={"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
    verified={"type": "boolean", "default": True},
)
_OPTIONS = ["option1", "option2", "option3"]
_ENUMS = schema(
    untitledSingle={"type": "string", "enum": _OPTIONS},
    titledSingle={"type": "string", "oneOf": _titled("value", "First Option", "Second Option")},
    legacyEnum={
        "type": "string",
        "enum": ["opt1", "opt2", "opt3"],
        "enumNames": ["Option One", "Option Two", "Option Three"],
    },
    untitledMulti={"type": "array", "items": {"type": "string", "enum": _OPTIONS}},
    titledMulti={
        "type": "array",
        "items": {"anyOf": _titled("value", "First Choice", "Second Choice")},
    },
)

# Asked by every tool of this table, whatever its arguments.
CONVERSATIONS: dict[str, Conversation] = {
    "test_elicitation_sep1034_defaults": _one("form", elicit("Please check.", _DEFAULTS)),
    "test_elicitation_sep1330_enums": _one("form", elicit("Please choose.", _ENUMS)),
    "test_missing_capability": _one("sample", sample("Anything", 10)),
    "test_streaming_elicitation": _one("user_name", NAME),
    "test_input_required_result_elicitation": _one("user_name", NAME),
    "test_input_required_result_sampling": _one(
        "capital_question", sample("What is the capital of France?", 100)
    ),
    "test_input_required_result_list_roots": _one("client_roots", ROOTS),
    "test_input_required_result_request_state": Conversation(
        ({"confirm": CONFIRM},), lambda _: "state-ok", stateful=True
    ),
    "test_input_required_result_multiple_inputs": Conversation(
        (
            {
                "user_name": NAME,
                "greeting": sample("Generate a greeting", 50),
                "client_roots": ROOTS,
            },
        ),
        lambda answers: f"Answers: {sorted(answers)}",
        stateful=True,
    ),
    "test_input_required_result_multi_round": Conversation(
        (
            {"step1": elicit("Step 1: What is your name?", schema(name=STRING))},
            {"step2": COLOR},
        ),
        _said("step2"),
        stateful=True,
    ),
    "test_input_required_result_tampered_state": Conversation(
        ({"confirm": CONFIRM},), _said("confirm"), stateful=True
    ),
    "test_input_required_result_capabilities": Conversation(
        ({"greeting": GREETING, "user_name": NAME},),
        lambda answers: f"Answers: {sorted(answers)}",
        optional=True,
    ),
}
PROMPT = _one("user_context", elicit("What context should the prompt use?", schema(context=STRING)))
_CONTACT = schema(
    username={"type": "string", "description": "User's response"},
    email={"type": "string", "description": "User's email address"},
)


def of_tool(name: str, arguments: Mapping[str, Any]) -> Conversation | None:
    """The conversation that a call of this tool is; None when it asks nothing."""
    if name == "test_sampling":
        return _one("sample", sample(str(arguments.get("prompt", "")), 100))
    if name == "test_elicitation":
        return _one("contact", elicit(str(arguments.get("message", "")), _CONTACT))
    return CONVERSATIONS.get(name)
