"""Rows whose id is one of a complaint in the book and that are no complaint, and complaints with the id of a contact."""

from sqlalchemy import ColumnElement, Join, Table, and_, func, or_, select

from bot.errors import N_
from bot.services.imports.check.findings import FindingType, Level
from bot.services.imports.job import ImportJob
from db.book.facts import Activity, ContactKind
from db.book.imports import table
from db.care.complaints import Complaint

_activity, _complaint = table(Activity), table(Complaint)

COMPLAINT_CHANGED = FindingType(
    name="complaint-changed",
    level=Level.REFUSAL,
    sentence=N_(
        "Activities that are complaints in the book have another kind or customer in this file: %(count)d (line"
        " %(line)d: id %(key)s)."
    ),
    answer=N_(
        "Take these rows out, and correct the complaints with a file of complaints. If the ids of activities are others"
        " than those of complaints, give the file a source of its own: --source %(source)s-activities."
    ),
)
CONTACT_AS_COMPLAINT = FindingType(
    name="contact-as-complaint",
    level=Level.QUESTION,
    sentence=N_(
        "Complaints have the ids of activities that are no complaints in the book: %(count)d (line %(line)d: id %(key)s)."
        " These activities would become complaints."
    ),
    answer=N_(
        "If the ids of complaints are others than those of activities, give the file a source of its own: --source"
        " %(source)s-complaints. If they are the same: --yes contact-as-complaint."
    ),
    accept=True,
)


def refuse_changed_complaints(job: ImportJob, stage: Table) -> None:
    """Refuse staged activities that would make another kind of contact, or another customer's, of a complaint."""
    other = or_(
        stage.c.kind != ContactKind.COMPLAINT.value,
        stage.c.customer_id.is_distinct_from(_complaint.c.customer_id),
    )
    known = _known(job, stage).join(_complaint, _complaint.c.activity_id == _activity.c.id)
    _add(job, COMPLAINT_CHANGED, stage, known, other)


def ask_about_contacts(job: ImportJob, stage: Table) -> None:
    """Ask about staged complaints that would make a complaint of another kind of contact."""
    other = _activity.c.kind != ContactKind.COMPLAINT.value
    _add(job, CONTACT_AS_COMPLAINT, stage, _known(job, stage), other)


def _add(
    job: ImportJob, finding: FindingType, stage: Table, known: Join, condition: ColumnElement[bool]
) -> None:
    """Add a finding, unless no row meets the condition."""
    found = select(stage.c.line, stage.c.key, func.count().over()).select_from(known).where(condition)
    if (row := job.connection.execute(found.order_by(stage.c.line).limit(1)).first()) is not None:
        line, key, count = row
        job.findings.add(finding, count=count, line=line, key=repr(key), source=job.source)


def _known(job: ImportJob, stage: Table) -> Join:
    """The staged rows with the activities of the book that they change."""
    return stage.join(
        _activity, and_(_activity.c.source == job.source, _activity.c.external_id == stage.c.key)
    )
