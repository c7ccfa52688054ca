"""The command line: the only module that prints.

Exit codes: 0 done; 1 a fault of ours; 2 input or settings are wrong; 3 not found; 4 not allowed; 5 done already or by
somebody else; 6 something must be set up first; 7 rows were rejected and --strict was given.
"""

import secrets
import sys

import structlog
import typer

from bot.cli import asking, database, importing, running, schemes, setting_up
from bot.cli.console import err
from bot.errors import BotError
from bot.logs import configure

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Customer tiering in Slack: ask for a tier, be reminded of care, hear of tier changes.",
)
for group in (running, asking, setting_up):
    app.add_typer(group.commands)
app.add_typer(importing.commands, name="import")
app.add_typer(schemes.commands, name="scheme")
app.add_typer(database.commands, name="db")


def main() -> None:
    """Run a command; every error becomes one sentence and an exit code."""
    configure("info")  # until the settings say otherwise: structlog's own way shows the values of variables
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
        reference = secrets.token_hex(4)
        structlog.get_logger().error("cli.failed", reference=reference, exc_info=error)
        err.print(
            f"Something went wrong inside Tierbot. The log above has the details, reference {reference}."
        )
        sys.exit(1)
