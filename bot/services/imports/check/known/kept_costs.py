"""Orders that get another amount and keep their cost, so that their margin is one of neither."""

from sqlalchemy import Table, and_, func, select

from bot.errors import N_
from bot.services.imports.check.findings import FindingType, Level
from bot.services.imports.job import ImportJob
from bot.services.imports.read.refusal import clip
from db.types import units

KEPT_COST = FindingType(
    name="kept-cost",
    level=Level.QUESTION,
    sentence=N_(
        "Orders get another amount, and the file does not say what they cost now: %(count)s (the first is %(key)s on line"
        " %(line)d: %(amount)s instead of %(before)s, with a cost of %(cost)s). Their margin would be wrong."
    ),
    answer=N_("Import them with their costs; --yes kept-cost: they cost the same as before."),
    accept=True,
)


def ask_about_kept_costs(job: ImportJob, stage: Table, known: Table) -> None:
    """Ask about orders of the book that have a cost there, and whose new amount comes without one."""
    rows, book = stage.c, known.c
    changed = and_(
        book.source == job.source,
        book.external_id == rows.key,
        book.cost.is_not(None),
        rows.cost.is_(None),
        units(book.amount) != units(rows.amount),
        # An amount in another currency changes with the rates, and its cost does, too.
        func.coalesce(units(book.original_amount), units(book.amount))
        != func.coalesce(units(rows.original_amount), units(rows.amount)),
    )
    columns = rows.line, rows.key, rows.amount, book.amount, book.cost, func.count().over()
    found = select(*columns).select_from(stage.join(known, changed)).order_by(rows.line).limit(1)
    row = job.connection.execute(found).first()
    if row is not None:
        line, key, amount, before, cost, count = row
        job.findings.add(
            KEPT_COST,
            line=line,
            key=repr(clip(key)),
            amount=f"{amount:f}",
            before=f"{before:f}",
            cost=f"{cost:f}",
            count=f"{count:,}",
        )
