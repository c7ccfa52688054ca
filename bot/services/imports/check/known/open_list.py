"""Lists of open invoices: one that is no longer listed has been paid, and the book would keep it as overdue."""

from sqlalchemy import Table, and_, exists, func, select

from bot.errors import N_
from bot.services.imports.check.findings import FindingType, Level
from bot.services.imports.check.meaning.part_paid import STILL_OPEN
from bot.services.imports.job import ImportJob
from bot.services.imports.read.refusal import clip
from db.types import units

OPEN_NOT_LISTED = FindingType(
    name="open-not-listed",
    level=Level.QUESTION,
    sentence=N_(
        "No invoice of the file has a day of payment, as in a list of open ones, and open invoices of the book are not in"
        " it: %(count)s (the first is %(key)s, due on %(due)s). If they have been paid since, they would stay open."
    ),
    answer=N_(
        "First import the paid ones with their days of payment; --yes open-not-listed: they are still open, the file has"
        " only some."
    ),
    accept=True,
    once=True,  # each list leaves out others
)


def ask_about_open_not_listed(job: ImportJob, stage: Table, known: Table) -> None:
    """Ask when a file without days of payment lists open invoices of the book again, and others are missing."""
    if any(one.type is STILL_OPEN for one in job.findings):
        return  # these have days of payment
    rows, book = stage.c, known.c
    if job.connection.execute(select(1).where(rows.paid_on.is_not(None)).limit(1)).first() is not None:
        return
    is_open = and_(book.source == job.source, book.paid_on.is_(None))
    matched = stage.join(known, and_(is_open, book.external_id == rows.key))
    if job.connection.execute(select(1).select_from(matched).limit(1)).first() is None:
        return
    listed = exists(select(1).where(rows.key == book.external_id))
    missing = select(book.external_id, book.due_on, func.count().over()).where(
        is_open, units(book.amount) > 0, ~listed
    )
    row = job.connection.execute(missing.order_by(book.due_on, book.external_id).limit(1)).first()
    if row is not None:
        key, due, count = row
        job.findings.add(OPEN_NOT_LISTED, count=f"{count:,}", key=repr(clip(key)), due=due)
