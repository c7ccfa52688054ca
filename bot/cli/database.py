"""`db`: the database."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.console import opened, out, table
from bot.errors import N_, BadInput

if TYPE_CHECKING:
    from bot.app import Tierbot
    from bot.services.delivery import restore

commands = typer.Typer(
    no_args_is_help=True, help="The database: bring it up to date, back it up, restore it."
)

File = Annotated[Path, typer.Argument(metavar="FILE", help="A backup.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
SHOWN = 20


@commands.command("upgrade")
def db_upgrade() -> None:
    """Create the tables, or bring them up to date. A SQLite database is backed up before it changes."""
    from bot.app import upgrade_schema
    from db import schema

    with opened(check_schema=False) as bot:
        before = schema.current(bot.database)
        backup = upgrade_schema(bot.database)
        after = schema.current(bot.database)
        if backup is not None:
            out.print(f"Backup written: {backup}", markup=False)
        out.print(
            f"Database at revision {after}."
            if before == after
            else f"Database: {before or 'empty'} → {after}."
        )


@commands.command("recount")
def db_recount() -> None:
    """Make the kept totals of orders anew, when `tierbot verify` says that they are not what the orders come to."""
    from db.book import order_totals

    with opened() as bot, bot.database.write() as session:
        order_totals.recount(session.connection())
    out.print("Totals counted again.")


@commands.command("backup")
def db_backup(file: File) -> None:
    """Copy the SQLite database into a new file, while it is in use. PostgreSQL has pg_dump for that."""
    from db import backup

    with opened() as bot:
        source = _sqlite_file(bot, "pg_dump -Fc")
        if file.exists():
            raise BadInput(N_("%(file)s exists already. Name a file that does not."), file=file)
        try:
            backup.write(source, file)
        except OSError as error:
            raise BadInput(
                N_("%(file)s cannot be written: %(reason)s."), file=file, reason=error.strerror
            ) from None
    out.print(f"Backup written: {file}", markup=False)


@commands.command("restore")
def db_restore(file: File, yes: Yes = False) -> None:
    """Put a backup in the SQLite database's place. Every process must be stopped; the old file is kept beside it."""
    from bot.services.delivery import restore
    from db import backup, schema
    from db.engine import open_database

    with opened(check_schema=False) as bot:
        target = _sqlite_file(bot, "pg_restore, then tierbot db restored")
        now = bot.clock.now()
    if not file.is_file():
        raise BadInput(N_("There is no file %(file)s."), file=file)
    prepared = target.with_name(f"{target.name}.restoring")
    try:
        # Everything is done to the copy, so that nobody can ever send from the rows as they were.
        backup.prepare(file, prepared)
        database = open_database(f"sqlite:///{prepared}")
        try:
            schema.upgrade(database)
            rewound = restore.preview(database, now)
            _show(rewound)
            if not yes:
                typer.confirm("Go on?", abort=True)
            restore.apply(database, rewound)
        finally:
            database.close()
        kept = backup.replace(target, prepared)
    except backup.Unfit as error:
        raise BadInput(N_("%(file)s was not restored: %(reason)s."), file=file, reason=error) from None
    finally:
        for suffix in ("", "-wal", "-shm"):
            prepared.with_name(prepared.name + suffix).unlink(missing_ok=True)
    out.print(f"Restored.{f' The database as it was: {kept}' if kept else ''}", markup=False)


@commands.command("restored")
def db_restored(yes: Yes = False) -> None:
    """Say that this database was just restored by other means, such as pg_restore, before any process is started."""
    from bot.services.delivery import restore

    with opened() as bot:
        now = bot.clock.now()
        restore.require_stopped(bot.database, now)
        rewound = restore.preview(bot.database, now)
        _show(rewound)
        if not yes:
            typer.confirm("Go on?", abort=True)
        restore.apply(bot.database, rewound)
    out.print("Noted.")


def _show(rewound: "restore.Rewound") -> None:
    out.print(f"The backup's last sign of life: {_when(rewound.since)}. What was entered since is lost.")
    out.print(
        f"{rewound.unfinished} messages were not settled then. Each is looked up in Slack's history before it may be"
        " sent; so is everything new for a day."
    )
    out.print(
        f"{len(rewound.steps)} care steps have come due since: nobody is reminded again, they stay open."
    )
    if rewound.steps:
        rows = [[step.customer, step.tier, step.step, _when(step.due)] for step in rewound.steps[:SHOWN]]
        out.print(table(["customer", "tier", "step", "due"], rows))
        if len(rewound.steps) > SHOWN:
            out.print(f"and {len(rewound.steps) - SHOWN} more")


def _sqlite_file(bot: "Tierbot", instead: str) -> Path:
    if not bot.database.is_sqlite:
        raise BadInput(N_("This is for SQLite. With PostgreSQL use: %(instead)s"), instead=instead)
    return bot.database.file


def _when(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
