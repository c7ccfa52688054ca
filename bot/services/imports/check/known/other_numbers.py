"""Rows that the book has under another number, as where a system was changed or another column has the numbers."""

from collections.abc import Sequence

from sqlalchemy import Column, ColumnElement, Table, and_, exists, func, select

from bot.errors import N_
from bot.services.imports.check.findings import FindingType, Level
from bot.services.imports.job import ImportJob
from bot.services.imports.read.refusal import clip
from db.types import units

KNOWN_BY_ANOTHER_NUMBER = FindingType(
    name="known-by-another-number",
    level=Level.QUESTION,
    sentence=N_(
        "Rows whose number is new are in the book under another one, and are the same otherwise: %(count)s (the first is"
        " %(key)s on line %(line)d, in the book %(known)s). They would count twice."
    ),
    answer=N_(
        "Name the column of the numbers that the book has: --map %(field)s=COLUMN; --yes known-by-another-number: both"
        " count."
    ),
    accept=True,
)
_LOOKED_AT = 10_000  # rows: all of a million would take two seconds
_LEAST = 3  # one order that is the same as another of its day proves nothing


def ask_about_amounts_by_other_numbers(job: ImportJob, field: str, stage: Table, known: Table | None) -> None:
    """Ask about new orders or invoices; `field` is that of their numbers."""
    if known is None or "amount" not in known.c:
        return
    rows, book = stage.c, known.c
    day = next(name for name in ("ordered_on", "invoiced_on") if name in rows)
    # As the files said it: rates that are new since then change no order.
    amounts = [func.coalesce(units(one.original_amount), units(one.amount)) for one in (rows, book)]
    _ask(job, field, stage, known, [day], [amounts[0] == amounts[1], amounts[0] != 0])


def ask_about_activities_by_other_numbers(job: ImportJob, field: str, stage: Table, known: Table) -> None:
    """Ask about new activities; those without a note say too little."""
    notes = [bare(one.note) for one in (stage.c, known.c)]
    _ask(job, field, stage, known, ["happened_on", "kind"], [notes[0] == notes[1]])


def bare(text: Column[str]) -> ColumnElement[str]:
    """A text without the points and spaces at its end."""
    return func.rtrim(text, " .。!！…")


def _ask(
    job: ImportJob,
    field: str,
    stage: Table,
    known: Table,
    there: Sequence[str],
    same: Sequence[ColumnElement[bool]],
) -> None:
    """Ask when half of the new rows whose customer has others `there` are the `same` as one that is not in the file."""
    rows, book, own, listed = stage.c, known.c, known.alias().c, stage.alias().c
    if job.connection.execute(select(1).where(book.source == job.source).limit(1)).first() is None:
        return
    is_known = exists(select(1).where(own.source == job.source, own.external_id == rows.key))
    others = and_(
        *(book[name] == rows[name] for name in ("customer_id", *there)),  # found by their index
        # Not compared as it is: SQLite would then take the index of sources, and read the whole source for each row.
        book.source.concat("") == job.source,
        ~exists(select(1).where(listed.key == book.external_id)),
    )
    step = job.repeats.rows // _LOOKED_AT + 1
    pairs = (
        select(rows.line, rows.key, book.external_id, and_(*same).label("same"))
        .select_from(stage.join(known, others))
        .where(~is_known)
    )
    sample = pairs.where(rows.line % step == 0).subquery()
    lines = sample.c.line.distinct()
    total, count = job.connection.execute(
        select(func.count(lines), func.count(lines).filter(sample.c.same))
    ).one()
    if count < _LEAST or 2 * count < total:
        return
    found = pairs.subquery()
    many = select(func.count(found.c.line.distinct())).where(found.c.same)
    first = select(found).where(found.c.same).order_by(found.c.line, found.c.external_id).limit(1)
    line, key, other, _ = job.connection.execute(first).one()
    job.findings.add(
        KNOWN_BY_ANOTHER_NUMBER,
        count=f"{job.connection.execute(many).scalar_one():,}",
        key=repr(clip(key)),
        line=line,
        known=repr(clip(other)),
        field=field,
    )
