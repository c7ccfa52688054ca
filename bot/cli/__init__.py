"""The command line: the only module that prints.

Exit codes: 0 done; 1 a fault of ours; 2 input or settings are wrong; 3 not found; 4 not allowed; 5 done already or by
somebody else; 6 something must be set up first; 7 rows were rejected and --strict was given; 8 a stored assessment
differs from what its row comes to.
"""

import secrets
import sys

import typer

from bot.cli import (
    ask,
    catching_up,
    credit,
    database,
    imports,
    outbox,
    overrides,
    report,
    review,
    run,
    scheme_life,
    schemes,
    setup,
    verification,
)
from bot.cli.console import err
from bot.errors import N_, BotError, Conflict, NotReady

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Customer tiering in Slack: ask for a tier, be reminded of care, hear of tier changes.",
)
for group in (run, ask, setup, catching_up, verification):
    app.add_typer(group.commands)
app.add_typer(imports.commands, name="import")
schemes.commands.add_typer(scheme_life.commands)
app.add_typer(schemes.commands, name="scheme")
app.add_typer(overrides.commands, name="override")
app.add_typer(credit.commands, name="credit")
app.add_typer(review.commands, name="review")
app.add_typer(database.commands, name="db")
app.add_typer(outbox.commands, name="outbox")
app.add_typer(report.commands, name="report")


@app.callback()
def begin() -> None:
    """Before a command runs. Each loads what it needs itself, so that --help and a look at a tier are quick."""
    from bot.logs import configure

    configure("info")  # until the settings say otherwise: structlog's own way shows the values of variables


def main() -> None:
    """Run a command; every error becomes one sentence and an exit code."""
    try:
        app()
    except BotError as error:
        err.print(error.text(), markup=False)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(1)
    except Exception as error:
        told = _unusable(error)
        if told is not None:
            err.print(told.text(), markup=False)
            sys.exit(told.exit_code)
        import structlog

        from bot.logs import configure

        configure("info")  # it may have failed before its command began
        reference = secrets.token_hex(4)
        structlog.get_logger().error("cli.failed", reference=reference, exc_info=error)
        err.print(
            f"Something went wrong inside Tierbot. The log above has the details, reference {reference}."
        )
        sys.exit(1)


def _unusable(error: Exception) -> BotError | None:
    """What to do about a database that does not let us work; None when the fault is ours."""
    from sqlalchemy.exc import DatabaseError, OperationalError

    from bot import settings
    from db.engine import describe

    if not isinstance(error, OperationalError) and type(error) is not DatabaseError:
        return None
    reason = describe(error)
    if reason.startswith("no such"):
        return None
    if "locked" in reason or "lock timeout" in reason:
        return Conflict(N_("The database is busy: another process is writing to it. Try again in a minute."))
    return NotReady(
        N_("The database %(url)s cannot be used: %(reason)s. Check TIERBOT_DATABASE_URL and the disk."),
        url=settings.without_password(settings.usable().url),
        reason=reason,
    )
