"""The sentence and exit code for an error that ended a command."""

import secrets
import sys
from contextlib import suppress

import structlog
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError

from bot import settings
from bot.app import secrets_in, unusable_database
from bot.cli.console import _, error_text, speak, warn
from bot.errors import N_, BadInput, BotError, Conflict
from bot.logs import configure, visible
from db.engine import describe, is_busy

_NOT_PERMITTED = (
    "42501"  # PostgreSQL's insufficient_privilege: from 15 on, users may not create tables by default
)


def report(error: Exception) -> int:
    """Print one sentence about the error; the exit code."""
    secret: tuple[str, ...] = ()
    with suppress(Exception):  # such as a .env that cannot be read, which may be what the error is about
        loaded = settings.usable()
        speak(loaded.language)
        secret = secrets_in(loaded)
    known = error if isinstance(error, BotError) else _unreadable_argument(error) or _database_problem(error)
    if known is not None:
        warn(error_text(known))
        return known.exit_code
    configure("info", secret)  # the error may have come before the command began
    reference = secrets.token_hex(4)
    structlog.get_logger().error("cli.failed", reference=reference, exc_info=error)
    warn(
        _(
            "Something went wrong inside Tierbot. The log above has the details, reference %(reference)s.",
            reference=reference,
        )
    )
    return 1


def _unreadable_argument(error: Exception) -> BotError | None:
    """The argument that holds bytes which are no text, when that is why something could not be stored or looked up."""
    if not isinstance(error, UnicodeEncodeError) or error.reason != "surrogates not allowed":
        return None
    wrong = next((given for given in sys.argv[1:] if given.encode(errors="ignore").decode() != given), None)
    if wrong is None:
        return None
    return BadInput(
        N_("%(given)s: this is not text in UTF-8. Type it again, in a terminal that is set to UTF-8."),
        given=visible(wrong),
    )


def _database_problem(error: Exception) -> BotError | None:
    """The error as a problem that a person can solve; None when the fault is ours."""
    if isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) == _NOT_PERMITTED:
        return unusable_database(settings.usable().url, describe(error))
    if not isinstance(error, OperationalError) and type(error) is not DatabaseError:
        return None
    reason = describe(error)
    if reason.startswith("no such"):
        return None
    if is_busy(error):
        return Conflict(N_("The database is busy: another process is writing to it. Try again in a minute."))
    return unusable_database(settings.usable().url, reason)
