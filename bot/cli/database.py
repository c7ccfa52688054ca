"""`db`: the database."""

import typer

from bot.cli.console import opened, out
from db import schema

commands = typer.Typer(no_args_is_help=True, help="The database.")


@commands.command("upgrade")
def db_upgrade() -> None:
    """Create the tables, or bring them up to date."""
    with opened(check_schema=False) as bot:
        before = schema.current(bot.database)
        schema.upgrade(bot.database)
        after = schema.current(bot.database)
        out.print(
            f"Database at revision {after}."
            if before == after
            else f"Database: {before or 'empty'} → {after}."
        )
