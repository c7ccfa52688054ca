"""Whether the rows of the book are those that imports brought: as many as each of them counted."""

from sqlalchemy import func, select
from sqlmodel import Session

from bot.errors import N_, Phrase, ngettext
from bot.services.grade.evidence.findings import Verified
from bot.services.grade.evidence.run_rows import CLOCK_BACK
from bot.services.imports.kind import UpsertKind
from bot.services.imports.kinds import KINDS
from db.book import imports
from db.book.contact_people import ContactPerson
from db.book.facts import Activity, Fact
from db.book.imports import ImportStatus, table
from db.book.traits import Trait
from db.care.records.complaints import Complaint
from db.care.records.gifts import Gift
from db.care.records.surveys import FACT_SOURCE, SurveyScore

_fact, _trait = table(Fact), table(Trait)
# What is recorded by hand, too.
WITHOUT_IMPORT = frozenset(
    one.__tablename__ for one in (Activity, Complaint, Gift, SurveyScore, ContactPerson, Trait)
)


def check_imports(session: Session, found: Verified) -> None:
    """Compare the rows that imports created and changed with what they counted; note rows that no import brought."""
    tables = {name: kind.writes[0].table for name, kind in KINDS.items()}
    imported = {_fact.name: (_fact.c.source != FACT_SOURCE,)}  # the others follow from survey scores
    created = {
        one.name: imports.rows_by_batch(session, one, *imported.get(one.name, ())) for one in tables.values()
    }
    changed = imports.changes_by_batch(session)
    superseded = select(_fact.c.superseded_by_batch, func.count()).group_by(_fact.c.superseded_by_batch)
    replaced = {row[0]: row[1] for row in session.execute(superseded)}
    also: dict[int, set[str]] = {}  # import -> other tables that it may have created rows of
    newer = None
    for batch in imports.all_batches(session):  # newest first, as they were published
        if newer is not None and batch.published_at > newer + CLOCK_BACK:
            found.add_other(
                "import_batch.published_at",
                row=Phrase(N_("import %(number)s"), number=batch.id),
                stored=batch.published_at,
                computed=Phrase(N_("not after %(moment)s"), moment=newer),
            )
        newer = batch.published_at if newer is None else min(newer, batch.published_at)
        one, number = tables.get(batch.kind), batch.id or 0
        if one is None:
            found.add_other(
                "import_batch.kind",
                row=Phrase(N_("import %(number)s"), number=number),
                stored=batch.kind,
                computed=Phrase(N_("a known kind")),
            )
            continue
        there = batch.status == ImportStatus.PUBLISHED
        if there:
            also[number] = {written.table.name for written in KINDS[batch.kind].writes}
        if one is _fact:  # a correction is a new row, and supersedes the old one
            counted = {"created": batch.created + batch.changed, "changed": batch.changed}
            present = {"changed": replaced.pop(number, 0)}
        else:
            counted = {"created": batch.created, "changed": batch.changed}
            present = {"changed": changed.get((number, one.name), 0)}
        if not issubclass(KINDS[batch.kind], UpsertKind) and one is not _fact:
            del counted["changed"]  # a join changes rows of many tables
        present["created"] = created[one.name].pop(number, 0)
        if one is _trait and there:  # it counts the rows of the file, and stores each of their values
            continue
        for column, count in counted.items():
            if present[column] != (count if there else 0):
                found.add_other(
                    f"import_batch.{column}",
                    row=Phrase(N_("import %(number)s"), number=number),
                    stored=count if there else 0,
                    computed=present[column],
                )
    for name, left in created.items():
        for batch_id, rows in left.items():
            if name in (WITHOUT_IMPORT if batch_id is None else also.get(batch_id, ())):
                continue
            where = (
                Phrase(N_("no import"))
                if batch_id is None
                else Phrase(N_("import %(number)s"), number=batch_id)
            )
            found.add_other(
                f"{name}.batch_id",
                row=where,
                stored=ngettext("%(count)s row", "%(count)s rows", rows),
                computed=None,
            )
