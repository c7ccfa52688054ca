"""The audit: who did what to whom, when and through which door, in one chain of hashes.

Each row's hash covers the row and the hash of the row before, so that a row that is edited, removed, inserted or
moved shows. What is cut off at the end shows only against an anchor: a number and hash that were kept elsewhere.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import Connection, Index, String, text, type_coerce
from sqlalchemy import insert as sa_insert
from sqlalchemy import select as sa_select
from sqlmodel import Field, Session, and_, col, or_

from db.engine import at_end, db_clock, dialect
from db.types import NumberedRow, UtcDateTime

START = "0" * 64  # stands for the hash before the first row
_CHAIN_LOCK = 7464  # an advisory lock of PostgreSQL
_PENDING = "audit"
_STREAMED = 1_000  # rows in memory while the chain is read


class AuditAction(StrEnum):
    """What was done."""

    OVERRIDE_SET = "override_set"
    OVERRIDE_ENDED = "override_ended"
    CREDIT_APPROVED = "credit_approved"
    PROPOSAL_MADE = "proposal_made"
    PROPOSAL_APPROVED = "proposal_approved"
    PROPOSAL_DECLINED = "proposal_declined"
    PROPOSAL_WITHDRAWN = "proposal_withdrawn"
    PROPOSAL_EXPIRED = "proposal_expired"
    REVIEW_ANSWERED = "review_answered"
    GRADING_PUBLISHED = "grading_published"
    PAST_KEPT = "past_kept"
    SCHEME_PROPOSED = "scheme_proposed"
    SCHEME_SHADOWED = "scheme_shadowed"
    SCHEME_APPROVED = "scheme_approved"
    SCHEME_RETIRED = "scheme_retired"
    CARE_PLAN_CHANGED = "care_plan_changed"
    CARE_PLAN_APPROVED = "care_plan_approved"
    CARE_PLAN_RETIRED = "care_plan_retired"
    SETTINGS_CHANGED = "settings_changed"
    IMPORTED = "imported"
    IMPORT_UNDONE = "import_undone"
    CUSTOMERS_JOINED = "customers_joined"
    CUSTOMERS_SEPARATED = "customers_separated"
    HANDOVER_PLANNED = "handover_planned"  # of a customer to another account manager, on a day to come
    CUSTOMER_HANDED_OVER = "customer_handed_over"
    HANDOVER_TAKEN_BACK = "handover_taken_back"
    HANDOVER_LAPSED = "handover_lapsed"  # a planned one could not be done on its day
    PROSPECT_ADDED = "prospect_added"
    PROSPECT_TAKEN_BACK = "prospect_taken_back"
    PERSON_CHANGED = "person_changed"
    TEAM_CHANGED = "team_changed"
    DEPUTY_CHANGED = "deputy_changed"
    WORKING_TIME_CHANGED = "working_time_changed"
    BRIEFS_CHANGED = "briefs_changed"  # whether somebody gets a brief in the evening before a visit
    CALENDAR_LINKED = "calendar_linked"
    CALENDAR_REVOKED = "calendar_revoked"
    CARD_SHARED = "card_shared"
    CARD_NOT_POSTED = "card_not_posted"  # Slack did not take the card that was recorded as shared
    CARD_TAKEN_BACK = "card_taken_back"
    PERSONAL_SHOWN = "personal_shown"  # somebody saw personal or financial fields without the mask
    EXPORTED = "exported"
    ERASED = "erased"
    NOT_IN_BOOK = (
        "not_in_book"  # somebody asked, or pressed a button, for a customer that is not in their book
    )
    CONTACT_LOGGED = "contact_logged"
    CONTACT_CHANGED = "contact_changed"  # its kind, day or note
    CONTACT_TAKEN_BACK = "contact_taken_back"
    PROFILE_CHANGED = "profile_changed"  # values of a customer profile were set, removed or taken back
    CONTACT_PERSON_CHANGED = "contact_person_changed"  # added, changed or removed
    COMPLAINT_OPENED = "complaint_opened"
    COMPLAINT_CORRECTED = "complaint_corrected"
    COMPLAINT_STEP = "complaint_step"
    COMPLAINT_CLOSED = "complaint_closed"
    COMPLAINT_REOPENED = "complaint_reopened"
    COMPLAINT_UNDONE = "complaint_undone"  # a complaint, or a step of one, was taken back
    GIFT_RECORDED = "gift_recorded"
    GIFT_CORRECTED = "gift_corrected"
    GIFT_ALLOWED = "gift_allowed"  # one over a limit was recorded, or corrected to it, with a reason
    GIFT_UNDONE = "gift_undone"
    SURVEY_RECORDED = "survey_recorded"
    SURVEY_CORRECTED = "survey_corrected"
    SURVEY_UNDONE = "survey_undone"
    FACT_RECORDED = "fact_recorded"
    FACT_CORRECTED = "fact_corrected"
    FACT_UNDONE = "fact_undone"
    PROMISE_MADE = "promise_made"
    PROMISE_CORRECTED = "promise_corrected"
    PROMISE_KEPT = "promise_kept"
    PROMISE_POSTPONED = "promise_postponed"
    PROMISE_WITHDRAWN = "promise_withdrawn"
    PROMISE_UNDONE = "promise_undone"  # a promise, or what was done last about one, was taken back
    STEP_DONE = "step_done"
    STEP_SNOOZED = "step_snoozed"
    STEP_SKIPPED = "step_skipped"
    STEP_REASSIGNED = "step_reassigned"
    STEP_UNDONE = "step_undone"  # an act on a care step was taken back
    MESSAGE_RETRIED = "message_retried"
    MESSAGE_DROPPED = "message_dropped"
    CAUGHT_UP = "caught_up"
    TOTALS_RECOUNTED = "totals_recounted"
    BACKUP_RESTORED = "backup_restored"


class Door(StrEnum):
    """Through what somebody acted."""

    SLACK = "slack"
    COMMAND_LINE = "command line"
    JOB = "job"
    IMPORT = "import"


class ObjectKind(StrEnum):
    """What something was done to; `object_id` is its id, or the name of what has none."""

    CUSTOMER = "customer"
    PERSON = "person"
    CONTACT_PERSON = "contact_person"
    TEAM = "team"
    SCHEME = "scheme"
    CARE_PLAN = "care_plan"
    GRADING = "grading"
    IMPORT = "import"
    SETTING = "setting"
    MESSAGE = "message"
    BOOK = "book"


@dataclass(frozen=True, kw_only=True)
class AuditActor:
    """A person of the book by id, else whoever has this name: `operator:root` at the machine, `tierbot` itself.

    `operator` is the account of the machine through which a person acted on the command line.
    """

    person_id: int | None = None
    name: str = "tierbot"
    operator: str | None = None

    def __str__(self) -> str:
        return person_actor(self.person_id) if self.person_id is not None else self.name


@dataclass(frozen=True, kw_only=True)
class Event:
    """What somebody did. `before` and `after` hold ids and what the decision needs, no names and no free text:
    erasing a person leaves the audit as it is.
    """

    actor: AuditActor
    action: AuditAction
    object_kind: ObjectKind
    object_id: int | str | None
    door: Door
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None

    def row(self) -> dict[str, str | None]:
        """The columns of its row but the number, the time and the hash."""
        return {
            "actor": str(self.actor),
            "operator": self.actor.operator,
            "door": self.door.value,
            "action": self.action.value,
            "object_kind": self.object_kind.value,
            "object_id": None if self.object_id is None else str(self.object_id),
            "before": _as_json(self.before),
            "after": _as_json(self.after),
        }


class AuditEntry(NumberedRow, table=True):
    """One act. Ids start with 1 and have no gaps. Rows are only ever added."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_object", "object_kind", "object_id"),)
    at: datetime = Field(sa_type=UtcDateTime)  # by the database's clock
    actor: str = Field(index=True)
    operator: str | None = None
    door: str
    action: str
    object_kind: str
    object_id: str | None = None
    before: str | None = None  # JSON
    after: str | None = None
    hash: str


class ChainEnd(NamedTuple):
    """The last row of the chain: its number, which is also how many there are, and its hash."""

    number: int
    hash: str


def person_actor(person_id: int) -> str:
    """How the column `actor` names a person of the book."""
    return f"person:{person_id}"


def record(
    session: Session,
    *,
    actor: AuditActor,
    action: AuditAction,
    object_kind: ObjectKind,
    object_id: int | str | None,
    door: Door,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Write an event in the transaction of its cause, one that `Database.write` began; see `Event`.

    The rows are written as the last of the transaction, because until it ends nobody else can add any.
    """
    if session.in_nested_transaction():
        raise RuntimeError(
            "an event is recorded in the transaction itself: a savepoint may be rolled back without it"
        )
    if not session.info.get(_PENDING):
        at_end(session, _write_pending)
        session.info[_PENDING] = []
    session.info[_PENDING].append(
        Event(
            actor=actor,
            action=action,
            object_kind=object_kind,
            object_id=object_id,
            door=door,
            before=before,
            after=after,
        )
    )


def append(connection: Connection, events: Sequence[Event]) -> None:
    """Write events as the last of a transaction: on PostgreSQL others that write some wait until it ends."""
    if not events:
        return
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_CHAIN_LOCK})"))
    last, previous = _head(connection)
    now = connection.execute(_CLOCK).scalar_one()
    rows = []
    for number, event in enumerate(events, last + 1):
        row = {"id": number, "at": now, **event.row()}
        previous = hash_of(row, previous)
        rows.append({**row, "hash": previous})
    connection.execute(sa_insert(_TABLE), rows)


def head(session: Session) -> ChainEnd:
    """The last row, or 0 and `START` without any."""
    return _head(session.connection())


@contextmanager
def chained(session: Session) -> Iterator[Iterator[Mapping[str, Any]]]:
    """Every row in the order of the chain, column by name; some at a time in memory."""
    with any_text(session, "surrogateescape"), session.connection().execute(_EVERY) as rows:
        yield ({**row._mapping, "at": _instant(row.at)} for row in rows)


def listed(
    session: Session,
    *,
    actors: Collection[str],
    objects: Collection[tuple[ObjectKind, str]],
    since: datetime | None,
    actions: Collection[AuditAction],
    most: int,
) -> list[Mapping[str, Any]]:
    """The newest rows that meet every condition; `actors` and `objects` together: by one of these or about them."""
    statement = _ROWS.order_by(_TABLE.c.id.desc()).limit(most)
    about = [
        and_(col(AuditEntry.object_kind) == kind, col(AuditEntry.object_id) == number)
        for kind, number in objects
    ]
    if actors or objects:
        statement = statement.where(or_(col(AuditEntry.actor).in_(actors), *about))
    if since is not None:
        statement = statement.where(col(AuditEntry.at) >= since)
    if actions:
        statement = statement.where(col(AuditEntry.action).in_(actions))
    with any_text(session, "backslashreplace"):
        return [
            {**row._mapping, "at": _instant(row.at)} for row in session.connection().execute(statement).all()
        ]


@contextmanager
def any_text(session: Session, errors: str) -> Iterator[None]:
    """Read text from SQLite also where its bytes are no UTF-8: it stores whatever somebody writes into its file."""
    if dialect(session) != "sqlite":
        yield
        return
    raw: Any = session.connection().connection.dbapi_connection
    usual = raw.text_factory
    raw.text_factory = lambda found: found.decode(errors=errors)
    try:
        yield
    finally:
        raw.text_factory = usual


def hash_of(entry: Mapping[str, Any], previous: str) -> str:
    """The hash of a row after a row with the hash `previous`."""
    content = [previous, *(_plain(entry[name]) for name in _HASHED)]
    return sha256(
        json.dumps(content, ensure_ascii=True, separators=(",", ":"), default=repr).encode()
    ).hexdigest()


_HASHED = [name for name in AuditEntry.model_fields if name != "hash"]
_TABLE: Any = AuditEntry.__table__  # type: ignore[attr-defined]
_HEAD = sa_select(col(AuditEntry.id), col(AuditEntry.hash)).order_by(col(AuditEntry.id).desc()).limit(1)
# The time as it is stored: SQLite takes any text, which must not end the reading.
_ROWS = sa_select(*(type_coerce(one, String) if one.name == "at" else one for one in _TABLE.c))
_EVERY = _ROWS.order_by(_TABLE.c.id).execution_options(yield_per=_STREAMED)
_CLOCK = sa_select(db_clock())


def _head(connection: Connection) -> ChainEnd:
    found = connection.execute(_HEAD).first()
    return ChainEnd(found.id, found.hash) if found else ChainEnd(0, START)


def _write_pending(session: Session) -> None:
    session.flush()  # so that it waits for nothing while it holds the lock of the chain
    append(session.connection(), session.info.pop(_PENDING))


def _as_json(values: Mapping[str, Any] | None) -> str | None:
    if values is None:
        return None
    return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)


def _instant(stored: Any) -> Any:
    """A stored time, or whatever else stands there, such as the same time in another time zone."""
    if not isinstance(stored, str):
        return stored
    try:
        found = datetime.fromisoformat(stored)
    except ValueError:
        return stored
    naive = found.replace(tzinfo=None)
    return found.replace(tzinfo=UTC) if naive.isoformat(" ", "microseconds") == stored else stored


def _plain(value: Any) -> Any:
    """A value as it is hashed: an instant in UTC with all its digits."""
    return value.astimezone(UTC).isoformat(timespec="microseconds") if isinstance(value, datetime) else value
