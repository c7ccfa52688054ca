"""`db`: the database."""

import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from sqlmodel import Session

from bot import app
from bot.app import Tierbot
from bot.cli.console import _, acts, named_actor, opened, print_table, say, utc
from bot.cli.output.erasures import erase_returned
from bot.cli.output.vocabulary import tier_word
from bot.errors import N_, BadInput, NotReady, Phrase, ngettext
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.delivery import restore
from bot.services.privacy import marks
from db import backup, schema
from db.audit import AuditAction, ObjectKind
from db.backup import Unfitness
from db.book.trade import order_totals
from db.engine import Database, open_database

File = Annotated[Path, typer.Argument(metavar="FILE", help="A backup.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
SHOWN = 20
UNFIT = {
    Unfitness.NOT_COPIED: N_("it cannot be copied to %(target)s (%(reason)s)"),
    Unfitness.NOT_WHOLE: N_("it is not a whole database of Tierbot (%(reason)s)"),
    Unfitness.DAMAGED: N_("it is damaged (%(damage)s)"),
    Unfitness.OTHER_VERSION: N_("it was made by another version of Tierbot; install that one first"),
    Unfitness.OTHER_OWNER: N_(
        "%(file)s belongs to another user (number %(user)s), who could not use the restored file; restore as that user"
        " or as root"
    ),
    Unfitness.IN_USE: N_("another process has the database open; stop every process first"),
}


def upgrade_schema() -> None:
    """Create the tables, or bring them up to date. A SQLite database is backed up before it changes."""
    with opened(check_schema=False) as bot:
        before = schema.current(bot.database)
        written = app.upgrade_schema(bot.database)
        after = schema.current(bot.database)
    if written is not None:
        say(_("Backup written: %(file)s", file=written))
    if before == after:
        say(_("Database at revision %(revision)s.", revision=after))
    else:
        say(_("Database: %(before)s → %(after)s.", before=before or _("empty"), after=after))


@acts
def recount_totals() -> None:
    """Make the kept totals of orders anew, when `tierbot verify` says that they are not what the orders come to."""
    with opened(create=False) as bot, bot.database.write() as session:
        access.require(named_actor(bot), Act.OPERATE)
        order_totals.recount(session.connection())
        _record(session, named_actor(bot), AuditAction.TOTALS_RECOUNTED)
    say(_("Totals counted again."))


def back_up(file: File) -> None:
    """Copy the SQLite database into a new file, while it is in use. PostgreSQL has pg_dump for that."""
    with opened(create=False) as bot:
        source = _sqlite_file(bot, "pg_dump -Fc")
        if file.exists():
            raise BadInput(N_("%(file)s exists already. Name a file that does not."), file=file)
        try:
            backup.write(source, file)
        except backup.Damaged as damage:
            raise NotReady(
                N_(
                    "No backup was written, because the database is damaged: %(damage)s. Stop every process and"
                    " restore the newest backup: tierbot db restore FILE"
                ),
                damage=damage,
            ) from None
        except (OSError, sqlite3.Error) as error:
            raise BadInput(
                N_("%(file)s cannot be written: %(reason)s."),
                file=file,
                reason=getattr(error, "strerror", None) or error,
            ) from None
    say(_("Backup written: %(file)s", file=file))


@acts
def restore_backup(file: File, yes: Yes = False) -> None:
    """Put a backup in the SQLite database's place. Every process must be stopped; the old file is kept beside it."""
    with opened(check_schema=False) as bot:
        target = _sqlite_file(bot, "pg_restore, then tierbot db restored")
        now, actor, data_dir = bot.clock.now(), named_actor(bot), bot.settings.data_dir
        access.require(actor, Act.OPERATE)  # before anything of the backup is shown
    if not file.is_file():
        raise BadInput(N_("There is no file %(file)s."), file=file)
    prepared = target.with_name(f"{target.name}.restoring")
    try:
        # The copy is changed before it takes the place, so that no process can ever send from the old rows.
        backup.prepare(file, prepared)
        database = open_database(f"sqlite:///{prepared}")
        try:
            schema.upgrade(database)
            _rewind(database, restore.preview(database, now), yes, actor)
            restore.keep_channels(database, backup.channel_ids(target), now)
            marks.add(database, [*marks.load(data_dir), *marks.of_rows(backup.tombstones(target))])
            erase_returned(replace(bot, database=database), yes)
        finally:
            database.close()
        kept = backup.replace(target, prepared)
    except backup.Unfit as error:
        raise BadInput(
            N_("%(file)s was not restored: %(reason)s."),
            file=file,
            reason=Phrase(UNFIT[error.why], **error.values),
        ) from None
    finally:
        for suffix in ("", "-wal", "-shm", "-journal", ".import-lock"):
            prepared.with_name(prepared.name + suffix).unlink(missing_ok=True)
    say(_("Restored."), *([_("The database as it was: %(file)s", file=kept)] if kept else []))


@acts
def confirm_restored(yes: Yes = False) -> None:
    """Say that this database was just restored by other means, such as pg_restore, before any process is started."""
    with opened(create=False) as bot:
        now, actor = bot.clock.now(), named_actor(bot)
        access.require(actor, Act.OPERATE)  # before anything of the backup is shown
        restore.require_stopped(bot.database, now)
        _rewind(bot.database, restore.preview(bot.database, now), yes, actor)
        marks.add(bot.database, marks.load(bot.settings.data_dir))
        erase_returned(bot, yes)
    say(_("Noted."))


def _rewind(database: Database, rewound: restore.Rewound, yes: bool, actor: Actor) -> None:
    """Show what the backup does not know, ask, and mark the rows accordingly."""
    say(
        _(
            "The newest thing in the backup is of %(since)s. What was entered since is lost.",
            since=utc(rewound.newest or rewound.since),
        ),
        ngettext(
            "%(count)s message was not settled then. It is looked up in Slack's history before it may be sent; so is everything new for a day.",
            "%(count)s messages were not settled then. Each is looked up in Slack's history before it may be sent; so is everything new for a day.",
            rewound.unfinished,
        ),
        ngettext(
            "%(count)s care step has come due since: nobody is reminded again, it stays open.",
            "%(count)s care steps have come due since: nobody is reminded again, they stay open.",
            len(rewound.steps),
        ),
    )
    if rewound.steps:
        rows = [
            [step.customer, tier_word(step.tier), step.step, utc(step.due)] for step in rewound.steps[:SHOWN]
        ]
        print_table([_("customer"), _("tier"), _("step"), _("due")], rows)
    if len(rewound.steps) > SHOWN:
        say(_("and %(count)s more", count=len(rewound.steps) - SHOWN))
    if not yes:
        typer.confirm(_("Go on?"), abort=True)
    restore.apply(database, rewound, actor)


def _record(session: Session, actor: Actor, action: AuditAction) -> None:
    actor.record(
        session,
        action,
        ObjectKind.BOOK,
        None,
    )


def _sqlite_file(bot: Tierbot, instead: str) -> Path:
    if not bot.database.is_sqlite:
        raise BadInput(N_("This is for SQLite. With PostgreSQL use: %(instead)s"), instead=instead)
    return bot.database.file
