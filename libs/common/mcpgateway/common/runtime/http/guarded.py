"""An application behind a guard: what it raises is logged and answered 500."""

import logging

from mcpgateway.common.runtime.http.exchange import Application, BodyPlan, Exchange

logger = logging.getLogger(__name__)

TEXT = ((b"content-type", b"text/plain"),)


class GuardedApplication:
    """Raises nothing. A response that was started when the application failed is cut off."""

    def __init__(self, app: Application) -> None:
        self._app = app

    def plan(self, exchange: Exchange) -> BodyPlan | None:
        """None when the exchange is over, or answered from elsewhere."""
        try:
            plan = self._app.head(exchange)
        except Exception:
            logger.exception("%s %s: the application failed", exchange.method, exchange.path)
            _answer_failure(exchange)
            return None
        if exchange.ended or exchange.gone:
            return None
        if plan is None and not exchange.started:
            logger.error("%s %s: neither plan nor answer", exchange.method, exchange.path)
            _answer_failure(exchange)
        return plan

    def handle(self, exchange: Exchange) -> None:
        try:
            self._app.handle(exchange)
        except Exception:
            logger.exception("%s %s: the application failed", exchange.method, exchange.path)
            _answer_failure(exchange)


def _answer_failure(exchange: Exchange) -> None:
    if exchange.started:
        exchange.abort()
    else:
        exchange.respond(500, TEXT, b"internal error\n")
