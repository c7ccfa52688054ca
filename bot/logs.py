"""Structured logs on standard error, with secrets masked."""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

_SECRET = re.compile(r"(xox[abeprs]-|xapp-)[\w-]+|(Bearer )\S+|(://[^:/@\s]*:)[^@\s]+(?=@)")
# E-mail addresses, and numbers as long as a telephone's or an identity card's: neither ids of ours nor times are.
_PERSONAL = re.compile(
    r"[\w.+-]+@[\w-]+\.[\w.-]+|(?<![\w.:+-])\+?[0-9](?:[ -]?[0-9]){9,17}[Xx]?(?![\w:]|\.[0-9])"
)
# PostgreSQL shows the whole row that it refuses.
_DETAIL = re.compile(r"(DETAIL:|Failing row contains|Key \().*")


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
    for handler in logging.getLogger().handlers:
        handler.setFormatter(_Masking(logging.BASIC_FORMAT))
    # It tells every failed call a second time, with its token when that is what was wrong with it.
    logging.getLogger("slack_sdk.web.base_client").setLevel(logging.CRITICAL)
    # Bolt finds the token in the environment, and says that it does not use it.
    logging.getLogger("slack_bolt.App").addFilter(lambda line: "will be unused" not in line.getMessage())
    # This one writes the whole body of a request with a bad signature, at INFO.
    logging.getLogger("slack_bolt.RequestVerification").setLevel(logging.WARNING)


class _Masking(logging.Formatter):
    """Libraries' lines and tracebacks, masked like our own."""

    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record))


def mask(logger: Any, method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Tokens, passwords, addresses and long numbers never reach the log."""
    return {key: masked(value) if isinstance(value, str) else value for key, value in event.items()}


def masked(text: str) -> str:
    shown = _SECRET.sub(lambda found: f"{found[1] or found[2] or found[3]}…", text)
    return _PERSONAL.sub("…", _DETAIL.sub(r"\1 …", shown))
