"""Deleting what is kept for a limited time: notes, texts of messages, rejected rows."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, or_, select
from sqlmodel import Session

from bot.errors import N_, Phrase, joined, ngettext
from bot.services.privacy import files, texts
from bot.settings import Settings
from db.book.by_hand.handovers import Handover, HandoverState
from db.book.facts import Activity
from db.book.imports import table
from db.book.notes import NoteVersion
from db.care.records.complaints import Complaint, ComplaintStep
from db.care.records.gifts import Gift
from db.care.records.promises import Promise, PromiseDelay
from db.engine import Database
from db.outbox.messages import EMPTY_BODY, MessageState, OutboxMessage

LONGEST_MONTH = timedelta(days=31)
_AT_ONCE = 5_000  # rows of one transaction: others write in between
_activity, _outbox, _version = table(Activity), table(OutboxMessage), table(NoteVersion)
_complaint, _step, _gift = table(Complaint), table(ComplaintStep), table(Gift)
_promise, _delay, _handover = table(Promise), table(PromiseDelay), table(Handover)


@dataclass(frozen=True, kw_only=True)
class Rules:
    """How long each kind is kept; None: without an end."""

    notes: timedelta | None
    messages: timedelta | None
    rejects: timedelta | None


def rules_of(settings: Settings) -> Rules:
    """The rules that the settings say."""
    months, of_messages, of_rejects = (
        settings.keep_notes_months,
        settings.keep_messages_days,
        settings.keep_rejects_days,
    )
    return Rules(
        notes=months * LONGEST_MONTH if months else None,
        messages=timedelta(days=of_messages) if of_messages else None,
        rejects=timedelta(days=of_rejects) if of_rejects else None,
    )


def apply(database: Database, rules: Rules, *, data_dir: Path, today: date, now: datetime) -> int:
    """Delete what is older than the rules say; how many notes, texts and files."""
    done = 0
    if rules.notes is not None:
        done += _delete_notes(database, today - rules.notes)
    if rules.messages is not None:
        done += _delete_texts(database, now - rules.messages)
    if rules.rejects is not None:
        done += files.delete_old(data_dir, now - rules.rejects)
    return done


def sentences(settings: Settings) -> Iterator[Phrase]:
    """What is kept for how long, for `tierbot check`."""
    kept = (
        (N_("assessments"), settings.keep_assessments_months, _months),
        (N_("notes of visits and calls"), settings.keep_notes_months, _months),
        (N_("texts of messages"), settings.keep_messages_days, _days),
        (N_("rejected rows of imports"), settings.keep_rejects_days, _days),
        (N_("processed requests"), settings.keep_requests_days, _days),
    )
    for what, count, unit in kept:
        if count:
            yield Phrase(N_("%(what)s are kept for %(time)s."), what=Phrase(what), time=unit(count))
    endless = [Phrase(what) for what, count, _ in kept if not count]
    if endless:
        yield Phrase(
            N_("Kept without an end: %(what)s. docs/settings.md says how to change that."),
            what=joined(endless, ", "),
        )


def _days(count: int) -> Phrase:
    return ngettext("%(count)s day", "%(count)s days", count)


def _months(count: int) -> Phrase:
    return ngettext("%(count)s month", "%(count)s months", count)


def _delete_notes(database: Database, before: date) -> int:
    """Delete the notes of activities before a day, the texts of complaints and gifts, and what imports stored of their previous notes.

    The texts of an open complaint are kept until it is closed, and so are those of a promise; the note of a handover is
    kept until it is done. Of a gift its value stays.
    """
    is_open = select(_complaint.c.activity_id).where(_complaint.c.closed_on.is_(None))
    old = and_(
        _activity.c.happened_on < before, _activity.c.note.is_not(None), _activity.c.id.not_in(is_open)
    )
    done = _update(database, _activity, old, {"note": None})
    earlier = and_(_version.c.happened_on < before, _version.c.note.is_not(None))
    done += _update(database, _version, earlier, {"note": None})
    closed = select(_complaint.c.id).where(_complaint.c.closed_on < before)
    taken = and_(_step.c.complaint_id.in_(closed), _step.c.text.is_not(None))
    done += _update(database, _step, taken, {"text": None})
    ended = and_(_complaint.c.closed_on < before, _complaint.c.outcome.is_not(None))
    done += _update(database, _complaint, ended, {"outcome": None})
    given = or_(_gift.c.what.is_not(None), _gift.c.reason.is_not(None))
    old_gifts = and_(_gift.c.given_on < before, given)
    done += _update(database, _gift, old_gifts, {"what": None, "reason": None})
    over = _promise.c.closed_on < before
    for column in (_promise.c.what, _promise.c.reason):
        done += _update(database, _promise, and_(over, column.is_not(None)), {column.name: None})
    put_off = _delay.c.promise_id.in_(select(_promise.c.id).where(over))
    done += _update(database, _delay, and_(put_off, _delay.c.told.is_not(None)), {"told": None})
    handed = and_(_handover.c.starts_on < before, _handover.c.state != HandoverState.PLANNED)
    done += _update(database, _handover, and_(handed, _handover.c.note.is_not(None)), {"note": None})
    gone = select(_activity.c.id).where(_activity.c.happened_on < before, _activity.c.id.not_in(is_open))
    _delete_previous(database, _activity, ["note"], gone)
    _delete_previous(database, _complaint, ["outcome"], closed)
    _delete_previous(database, _gift, ["what", "reason"], select(_gift.c.id).where(_gift.c.given_on < before))
    return done


def _delete_previous(database: Database, of: Table, columns: Collection[str], ids: Select[Any]) -> None:
    """Delete what imports stored of the previous texts of some columns, in these rows."""
    with database.write() as session:
        _overwrite(session)
        texts.empty_previous(session, of, columns, ids)


def _delete_texts(database: Database, before: datetime) -> int:
    """Delete the texts of finished messages that were written before a moment."""
    finished = _outbox.c.state.in_((MessageState.SENT, MessageState.DEAD))
    old = and_(finished, _outbox.c.created_at < before, _outbox.c.body_json != EMPTY_BODY)
    return _update(database, _outbox, old, {"body_json": EMPTY_BODY})


def _update(database: Database, target: Any, where: ColumnElement[bool], values: dict[str, Any]) -> int:
    done = 0
    while True:
        with database.write() as session:
            _overwrite(session)
            some = session.scalars(select(target.c.id).where(where).limit(_AT_ONCE)).all()
            if not some:
                return done
            session.execute(target.update().where(target.c.id.in_(some)).values(values))
        done += len(some)


def _overwrite(session: Session) -> None:
    """Let SQLite overwrite what is deleted in this transaction."""
    if session.get_bind().dialect.name == "sqlite":
        session.connection().exec_driver_sql("PRAGMA secure_delete=ON")
