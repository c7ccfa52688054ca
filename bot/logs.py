"""Structured logs on standard error, with secrets masked."""

import io
import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from typing import Any, TextIO, cast

import structlog

_SECRET = re.compile(r"(xox[abeprs]-|xapp-)[\w-]+|(Bearer )\S+|(://[^:/@\s]*:)[^@\s]+(?=@)")
# E-mail addresses, and numbers as long as a telephone's or an identity card's: our ids and times are shorter.
_PERSONAL = re.compile(
    r"[\w.+-]+@[\w-]+\.[\w.-]+|(?<![\w.:+-])\+?[0-9](?:[ -]?[0-9]){9,17}[Xx]?(?![\w:]|\.[0-9])"
)
# PostgreSQL quotes the whole row that it refuses.
_DETAIL = re.compile(r"(DETAIL:|Failing row contains|Key \().*")


def configure(level: str) -> None:
    """Log lines of key=value pairs; of libraries only from WARNING up, and never the body of a request."""
    number = logging.getLevelNamesMapping()[level.upper()]
    stream = cast(TextIO, _Stream(sys.stderr))
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
        logger_factory=structlog.PrintLoggerFactory(file=stream),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=max(number, logging.WARNING), stream=stream, force=True)
    for handler in logging.getLogger().handlers:
        handler.setFormatter(_Masking(logging.BASIC_FORMAT))
    # Logs every failed call a second time, with the token if that was refused.
    logging.getLogger("slack_sdk.web.base_client").setLevel(logging.CRITICAL)
    # Bolt finds the token in the environment and logs that it does not use it.
    logging.getLogger("slack_bolt.App").addFilter(lambda line: "will be unused" not in line.getMessage())


def release_stderr() -> None:
    """Before a process ends: its exit code would be 120 if Python could not write the rest of the log."""
    try:
        if sys.stderr is not None:
            sys.stderr.flush()
    except OSError:
        sys.stderr = None


class _Stream(io.TextIOBase):
    """A stream that loses lines instead of failing, when its disk is full or nobody reads it."""

    def __init__(self, file: TextIO | None) -> None:
        self._file = file  # None in a process that was started with its standard error closed

    def write(self, text: str) -> int:
        if self._file is not None:
            with suppress(OSError, ValueError):
                self._file.write(text)
        return len(text)

    def flush(self) -> None:
        if self._file is not None:
            with suppress(OSError, ValueError):
                self._file.flush()


class _Masking(logging.Formatter):
    """Formats libraries' lines and tracebacks, masked like our own."""

    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record))


def mask(logger: Any, method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """A structlog processor that masks every text of an event."""
    return {key: masked(value) if isinstance(value, str) else value for key, value in event.items()}


def masked(text: str) -> str:
    """The text without tokens, passwords, e-mail addresses and long numbers."""
    shown = _SECRET.sub(lambda found: f"{found[1] or found[2] or found[3]}…", text)
    return _PERSONAL.sub("…", _DETAIL.sub(r"\1 …", shown))
