"""Structured logs on standard error, with secrets masked."""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

_SECRET = re.compile(r"(xox[abepr]-|xapp-)[\w-]+|(Bearer )\S+|(://[^:/@\s]+:)[^@\s]+(?=@)")


def configure(level: str) -> None:
    """Log lines of key=value pairs; libraries speak from WARNING up, and Bolt not about request bodies at all."""
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            mask,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=max(number, logging.WARNING), stream=sys.stderr, force=True)
    # Bolt finds the token in the environment, and says that it does not use it.
    logging.getLogger("slack_bolt.App").addFilter(lambda line: "will be unused" not in line.getMessage())
    # This one writes the whole body of a request with a bad signature, at INFO.
    logging.getLogger("slack_bolt.RequestVerification").setLevel(logging.WARNING)


def mask(logger: Any, method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Tokens and passwords never reach the log."""
    return {key: masked(value) if isinstance(value, str) else value for key, value in event.items()}


def masked(text: str) -> str:
    return _SECRET.sub(lambda found: f"{found[1] or found[2] or found[3]}…", text)
