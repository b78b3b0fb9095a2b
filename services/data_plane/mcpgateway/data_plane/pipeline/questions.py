"""Replies to questions that no client is asked."""

from collections.abc import Mapping

from mcpgateway.common import jsonrpc
from mcpgateway.data_plane.upstreams.request import Question, Reply


def declined(questions: Mapping[str, Question]) -> dict[str, Reply]:
    """As a client answers that does not know the method."""
    return {key: decline(question) for key, question in questions.items()}


def decline(question: Question) -> Reply:
    message = f"this client does not offer {question.method}"
    error = jsonrpc.ErrorObject(jsonrpc.METHOD_NOT_FOUND, message)
    return Reply(error=jsonrpc.encode(error))
