"""Structured logs on standard error, with secrets masked and without control characters."""

import io
import logging
import re
import sys
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, TextIO, cast

import structlog

from bot.masking import EMAIL

# Every pattern reads a text once, however long it is: it tries a run of letters from its start only.
_TOKEN = re.compile(r"(xox[a-z][.-]|xapp-)[\w.-]+|(Bearer )\S+")
_CALENDAR = re.compile(r"(/calendar/)[\w-]+")  # the token of a calendar's link
_ADDRESS = re.compile(r"://\S+")
_PASSWORD = re.compile(r"(passw\w*\s*=\s*)(?:'[^']*'|[^\s&]+)", re.IGNORECASE)
# E-mail addresses, and numbers as long as a telephone's or an identity card's: our ids and times are shorter.
_PERSONAL = re.compile(EMAIL + r"|(?<![\w:.+-])\+?[0-9](?:[ -]?[0-9]){9,17}[Xx]?(?![\w:]|\.[0-9])")
# PostgreSQL quotes the whole row that it refuses.
_DETAIL = re.compile(r"(DETAIL:|Failing row contains|Key \().*")
_SHORTEST = 6  # letters of a secret that is hidden wherever it stands; a shorter one is part of other words
# All but line ends and tabs; lone surrogates stand for bytes of a file name, and cannot be written at all.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(text: str) -> str:
    """A text that changes nothing in a terminal: control characters are written out, as in \\x1b."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def configure(level: str, secrets: Iterable[str] = ()) -> None:
    """Log lines of key=value pairs; of libraries only from WARNING up, and never the body of a request.

    The installation's own `secrets` are hidden in whatever shape of text they stand.
    """
    # The longest first, because one may contain another.
    known = sorted({secret for secret in secrets if len(secret) >= _SHORTEST}, key=len, reverse=True)
    number = logging.getLevelNamesMapping()[level.upper()]
    stream = cast(TextIO, _Stream(sys.stderr))
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            partial(_mask, known),
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(file=stream),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=max(number, logging.WARNING), stream=stream, force=True)
    for handler in logging.getLogger().handlers:
        handler.setFormatter(_Masking(known))
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
                self._file.write(visible(text))
        return len(text)

    def flush(self) -> None:
        if self._file is not None:
            with suppress(OSError, ValueError):
                self._file.flush()


class _Masking(logging.Formatter):
    """Formats libraries' lines and tracebacks, masked like our own."""

    def __init__(self, secrets: Sequence[str]) -> None:
        super().__init__(logging.BASIC_FORMAT)
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record), self._secrets)


def masked(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without these secrets, tokens, passwords, e-mail addresses and long numbers."""
    for secret in secrets:
        text = text.replace(secret, "…")
    text = _TOKEN.sub(lambda found: f"{found[1] or found[2]}…", text)
    text = _CALENDAR.sub(r"\1…", text)
    text = _PASSWORD.sub(r"\1…", _ADDRESS.sub(_without_password, text))
    return _PERSONAL.sub("…", _DETAIL.sub(r"\1 …", text))


def _mask(
    secrets: Sequence[str], logger: Any, method: str, event: MutableMapping[str, Any]
) -> Mapping[str, Any]:
    """A structlog processor that masks every text of an event."""
    return {key: masked(value, secrets) if isinstance(value, str) else value for key, value in event.items()}


def _without_password(address: re.Match[str]) -> str:
    """`://user:password@host` without the password, which may hold another @."""
    people, at, host = address[0].rpartition("@")
    user, colon, _ = people.removeprefix("://").partition(":")
    return f"://{user}:…@{host}" if at and colon else address[0]
