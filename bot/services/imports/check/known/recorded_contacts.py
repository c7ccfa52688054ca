"""Activities with the id of a complaint or gift of the book that are none, and complaints and gifts with that of a contact."""

from sqlalchemy import ColumnElement, Join, Table, and_, func, or_, select

from bot.errors import N_
from bot.services.imports.check.findings import FindingType, Level
from bot.services.imports.job import ImportJob
from db.book.facts import Activity, ContactKind
from db.book.imports import table
from db.care.complaints import Complaint
from db.care.gifts import Gift

_activity, _complaint, _gift = table(Activity), table(Complaint), table(Gift)

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


GIFT_CHANGED = FindingType(
    name="gift-changed",
    level=Level.REFUSAL,
    sentence=N_(
        "Activities that are gifts in the book have another kind, customer or day in this file: %(count)d (line"
        " %(line)d: id %(key)s)."
    ),
    answer=N_(
        "Take these rows out, and correct the gifts with a file of gifts, so that the limits are checked. If the ids of"
        " activities are others than those of gifts, give the file a source of its own: --source %(source)s-activities."
    ),
)
CONTACT_AS_GIFT = FindingType(
    name="contact-as-gift",
    level=Level.QUESTION,
    sentence=N_(
        "Gifts have the ids of activities that are no gifts in the book: %(count)d (line %(line)d: id %(key)s). These"
        " activities would become gifts."
    ),
    answer=N_(
        "If the ids of gifts are others than those of activities, give the file a source of its own: --source"
        " %(source)s-gifts. If they are the same: --yes contact-as-gift."
    ),
    accept=True,
)


def refuse_changed_records(job: ImportJob, stage: Table) -> None:
    """Refuse staged activities that would make another contact, or another customer's, of a complaint or gift.

    Nor may one move a gift to another day: it would be held against the limits of another year.
    """
    _refuse(job, COMPLAINT_CHANGED, stage, _complaint, ContactKind.COMPLAINT)
    _refuse(job, GIFT_CHANGED, stage, _gift, ContactKind.GIFT, stage.c.happened_on != _gift.c.given_on)


def ask_about_contacts(job: ImportJob, stage: Table, finding: FindingType, kind: ContactKind) -> None:
    """Ask about staged records that would make one of their kind of another contact."""
    _add(job, finding, stage, _known(job, stage), _activity.c.kind != kind.value)


def _refuse(
    job: ImportJob,
    finding: FindingType,
    stage: Table,
    record: Table,
    kind: ContactKind,
    *also: ColumnElement[bool],
) -> None:
    other = or_(stage.c.kind != kind.value, stage.c.customer_id.is_distinct_from(record.c.customer_id), *also)
    _add(job, finding, stage, _known(job, stage).join(record, record.c.activity_id == _activity.c.id), other)


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
