"""The source of a file: written as the book knows it, and not another one for what the book has already."""

import unicodedata
from collections.abc import Iterable

from sqlalchemy import Table, and_, exists, func, select

from bot.errors import N_
from bot.services.imports.check.findings import FileFindings, FindingType, Level
from bot.services.imports.job import ImportJob
from bot.services.imports.read.refusal import clip
from db.book.imports import find_sources
from db.types import units

SOURCE_SPELLING = FindingType(
    name="source-spelling",
    level=Level.NOTE,
    sentence=N_("--source %(given)s is taken as %(known)s, as earlier imports wrote it."),
)
KNOWN_ELSEWHERE = FindingType(
    name="known-from-another-source",
    level=Level.QUESTION,
    sentence=N_(
        "Rows that are new to the source %(source)s are in the book from the source %(about)s, with the same number,"
        " customer, day and amount: %(count)s (the first is %(key)s on line %(line)d). They would count twice."
    ),
    answer=N_(
        "If the file comes from there, give --source %(about)s; --yes known-from-another-source: both count."
    ),
    accept=True,
)


def spelled_as_known(source: str, known: Iterable[str]) -> str:
    """A source as it is known, whatever its capitals, width and outer spaces; as given where it is not."""
    sources = list(known)
    if source in sources:
        return source
    return next((one for one in sources if _folded(one) == _folded(source)), source)


def note_source(findings: FileFindings, given: str, known: str) -> None:
    """Say that a source was typed in another way."""
    if given != known:
        findings.add(SOURCE_SPELLING, given=repr(given), known=known)


def ask_about_other_sources(job: ImportJob, kind: str, stage: Table, known: Table | None) -> None:
    """Ask about rows with an amount that are new to this source, and that the book has from another one."""
    if known is None or "amount" not in known.c:
        return
    others = [one for one in find_sources(job.connection, kind) if one != job.source]
    if not others:
        return
    rows, day = stage.c, next(name for name in ("ordered_on", "invoiced_on") if name in stage.c)
    own = known.alias()
    there = exists(select(1).where(own.c.source == job.source, own.c.external_id == rows.key))
    same = and_(
        known.c.source.in_(others),
        known.c.external_id == rows.key,
        known.c.customer_id == rows.customer_id,
        known.c[day] == rows[day],
        # As the files said it: rates that are new since then change no order.
        func.coalesce(units(known.c.original_amount), units(known.c.amount))
        == func.coalesce(units(rows.original_amount), units(rows.amount)),
    )
    columns = rows.line, rows.key, known.c.source, func.count().over()
    found = select(*columns).select_from(stage.join(known, same)).where(~there).order_by(rows.line).limit(1)
    row = job.connection.execute(found).first()
    if row is not None:
        line, key, source, count = row
        job.findings.add(
            KNOWN_ELSEWHERE,
            about=source,
            source=job.source,
            count=f"{count:,}",
            key=repr(clip(key)),
            line=line,
        )


def _folded(source: str) -> str:
    return unicodedata.normalize("NFKC", source).strip().casefold()
