"""Erasing a customer, or a person who left: what is kept about them, and deleting it in one transaction.

Imports leave out whoever was erased (`bot.services.tombstones`); the file of the database is rewritten afterwards
(`db.rewriting`), because SQLite would keep deleted bytes.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import Table, func, select
from sqlmodel import Session

from bot.errors import N_, BotError, Conflict, Phrase
from bot.services import access, staff, tombstones
from bot.services.access import Act, Actor
from bot.services.name_keys import person_key
from bot.services.privacy import counters, files, marks, outgoing, subjects, texts
from bot.services.privacy.subjects import Identity, about
from bot.services.privacy.texts import Names
from db import rewriting, traces
from db.audit import AuditAction, ObjectKind
from db.book import contact_people, customers, imports, people
from db.book.tombstones import Subject
from db.care import marks as care_marks
from db.care import touches
from db.engine import Database
from db.outbox.messages import UNFINISHED, MessageState

Find = Callable[[Session], Identity]


@dataclass(frozen=True, kw_only=True)
class Wording:
    """What takes the place of names: within a text, and for a person who did something."""

    mark: str
    pseudonym: Callable[[int], str]


@dataclass(frozen=True, kw_only=True)
class KeptData:
    """What is kept about somebody, and where."""

    identity: Identity
    rows: Mapping[str, int]  # table -> rows about them, or that refer to them
    messages: int  # texts of messages about a customer, or to a person
    waiting: int  # of these, not sent yet
    posted: int  # of these, in Slack
    texts: Mapping[str, int]  # column -> texts elsewhere that name them, to be replaced
    data: Mapping[str, int]  # column -> data about others that name them, which stay
    unsearched: tuple[str, ...]  # names that are too short, or that another person has
    rejected: Mapping[Path, int]  # file -> rows
    copies: tuple[Path, ...]  # of the database, beside it
    without_owner: tuple[str, ...] = ()  # codes of the customers that nobody would look after
    without_lead: tuple[str, ...] = ()  # names of teams


@dataclass(frozen=True, kw_only=True)
class Erased:
    """What an erasure did."""

    identity: Identity
    rows: int  # about a customer, which are deleted, or that refer to a person, who is replaced in them
    texts: int  # elsewhere, in which the names were replaced
    dropped: int  # messages that will not be sent
    unwritten: Phrase | None  # why the marks are in the database only
    rewritten: rewriting.Rewritten


def find_kept(
    session: Session, identity: Identity, wording: Wording, database: Database, data_dir: Path
) -> KeptData:
    """Look up everything that is kept about somebody."""
    names = searched_names(session, identity, wording)
    states = outgoing.states(session, identity)
    lost = identity.ids[0] if identity.subject is Subject.PERSON else None
    found = files.find_rows(data_dir, names, cell_codes(identity))
    return KeptData(
        identity=identity,
        rows=_counts(session, identity),
        messages=states.total(),
        waiting=sum(states[state] for state in UNFINISHED),
        posted=states[MessageState.SENT],
        texts=texts.count(session, identity, names, traces.DOERS | traces.FREE | traces.FREE_JSON),
        data=texts.count(session, identity, names, traces.DATA),
        unsearched=names.left,
        rejected={path: len(rows) for path, rows in found.items()},
        copies=tuple(files.copies(database)),
        without_owner=() if lost is None else tuple(customers.codes_of_owner(session, lost)),
        without_lead=() if lost is None else tuple(people.led_by(session, lost)),
    )


def preview(database: Database, actor: Actor, find: Find, wording: Wording, *, data_dir: Path) -> KeptData:
    """What an erasure would delete. Raises NotFound and NotAllowed."""
    access.require(actor, Act.ERASE)
    with database.read() as session:
        return find_kept(session, find(session), wording, database, data_dir)


def erase(
    database: Database,
    actor: Actor,
    find: Find,
    wording: Wording,
    *,
    data_dir: Path,
    admins: Collection[str],
    today: date,
    now: datetime,
) -> Erased:
    """Delete what is kept about a customer, a person or a contact person, and mark that imports leave them out.

    Everything in the database happens in one transaction. Raises NotFound, NotAllowed, NotReady, and Conflict during an
    import or for the last admin.
    """
    access.require(actor, Act.ERASE)
    marks.load(data_dir)  # a file that cannot be read is named before anything is deleted
    try:
        with imports.exclusive(database), database.write(lock=staff.LOCK) as session:
            rewriting.begin(session, now)
            identity = find(session)
            rows = sum(_counts(session, identity).values())
            names = searched_names(session, identity, wording)
            tombstones.mark(session.connection(), identity.subject, _marks(identity), now)
            if identity.subject is Subject.CUSTOMER:
                dropped = _erase_customers(session, identity)
            elif identity.subject is Subject.CONTACT_PERSON:
                dropped = _erase_contact_person(session, identity.ids[0])
            else:
                with staff.admin_kept(session, admins):
                    dropped = _erase_person(session, identity.ids[0], wording, today=today, now=now)
            cleaned = sum(texts.clean(session, identity, names).values())
            actor.record(
                session,
                AuditAction.ERASED,
                ObjectKind(identity.subject.value),
                identity.ids[0],
                before={"rows": rows, "with": list(identity.ids[1:])},
            )
            # Within the transaction: what cannot be removed from a file must not be reported as erased.
            files.remove_rows(data_dir, names, cell_codes(identity))
    except imports.ImportRunning:
        raise Conflict(N_("An import is running; try again when it is done.")) from None
    return Erased(
        identity=identity,
        rows=rows,
        texts=cleaned,
        dropped=dropped,
        unwritten=_write_marks(database, data_dir),  # first, because the other takes long in a large file
        rewritten=rewriting.finish(database),
    )


def _write_marks(database: Database, data_dir: Path) -> Phrase | None:
    """Write the marks into their file, or say why not; the erasure is done."""
    try:
        marks.save(database, data_dir)
    except BotError as error:
        return error.phrase
    return None


def searched_names(session: Session, identity: Identity, wording: Wording) -> Names:
    pseudonym = wording.pseudonym(identity.ids[0])
    return texts.names_of(session, identity, mark=wording.mark, pseudonym=pseudonym)


def _counts(session: Session, identity: Identity) -> dict[str, int]:
    """Table -> how many of its rows are about them, or refer to them; without messages, which are counted by their texts."""
    every = {one.name: one for one in subjects.tables_of(identity) if one.name != "outbox"}
    counted = {name: _count(session, identity, every[name]) for name in sorted(every)}
    return {name: number for name, number in counted.items() if number}


def _count(session: Session, identity: Identity, table: Table) -> int:
    found = select(func.count()).select_from(table).where(about(identity, table))
    return int(session.execute(found).scalar_one())


def cell_codes(identity: Identity) -> list[str]:
    """What stands alone in the cells of files about them. The number of a contact person says too little."""
    if identity.subject is Subject.CONTACT_PERSON:
        return []
    return [*identity.codes, *(code for _, code in identity.keys)]


def _marks(identity: Identity) -> list[tuple[str, ...]]:
    """What files call them."""
    if identity.subject is Subject.CONTACT_PERSON:
        return _marks_of_contact_person(identity)
    keys = [(tombstones.KEY, source, code) for source, code in identity.keys]
    codes = [(tombstones.CODE, code) for code in cell_codes(identity)]
    names = [(tombstones.NAME, name) for name in identity.names]
    both = [(tombstones.BOTH, code, name) for code in cell_codes(identity) for name in identity.names]
    address = [(tombstones.ADDRESS, identity.address)] if identity.address else []
    return [*keys, *codes, *names, *both, *address]


def _marks_of_contact_person(identity: Identity) -> list[tuple[str, ...]]:
    names = [person_key(name) for name in identity.names]
    return [
        *((tombstones.KEY, source, code) for source, code in identity.keys),
        *((tombstones.BOTH, customer, name) for customer in identity.of_customers for name in names),
        *((tombstones.NAME, name) for name in names),
        *([(tombstones.ADDRESS, identity.address)] if identity.address else []),
    ]


def _erase_customers(session: Session, identity: Identity) -> int:
    """Delete the rows about customers; how many messages were dropped."""
    touches.lock(session, identity.ids)
    _, dropped = outgoing.forget_customers(session, identity.ids)
    counters.subtract(session, identity.ids)
    counters.cut_parents(session, identity.ids)
    session.execute(traces.CHANGE.delete().where(traces.about_customers(traces.CHANGE, identity.ids)))
    for table in traces.customer_tables():
        session.execute(table.delete().where(traces.about_customers(table, identity.ids)))
    return dropped


def _erase_contact_person(session: Session, contact_person_id: int) -> int:
    """Delete a contact person and what is about them only; how many messages were dropped."""
    customer_id = contact_people.get_one(session, contact_person_id).customer_id
    touches.lock(session, [customer_id])
    _, dropped = outgoing.forget_contact_person(session, contact_person_id)
    counters.subtract_row(session, traces.CONTACT, contact_person_id)
    session.execute(
        traces.CHANGE.delete().where(traces.about_contact_person(traces.CHANGE, contact_person_id))
    )
    for column in traces.contact_columns():
        theirs = column == contact_person_id
        if traces.goes_with_contact_person(column):
            session.execute(column.table.delete().where(theirs))
        else:
            also = traces.EMPTIED_WITH.get(traces.name_of(column), ())
            texts.empty_previous(session, column.table, also, traces.ever_naming(column, contact_person_id))
            emptied = dict.fromkeys((column.name, *also))
            session.execute(column.table.update().where(theirs).values(emptied))
    session.execute(traces.CONTACT.delete().where(traces.CONTACT.c.id == contact_person_id))
    care_marks.mark_planned(session.connection(), [customer_id])
    return dropped


def _erase_person(session: Session, person_id: int, wording: Wording, *, today: date, now: datetime) -> int:
    """Replace a person by a former colleague, who owns and leads nothing; how many messages were dropped."""
    _, dropped = outgoing.forget_recipient(session, person_id, now)
    changed = Counter(dict.fromkeys(counters.batches_that_changed(session, traces.PERSON, person_id), 1))
    counters.subtract_changes(session, traces.PERSON, changed)
    session.execute(traces.CHANGE.delete().where(traces.about_person(traces.CHANGE, person_id)))
    customers.end_ownerships(session, person_id, today)
    for name in sorted(traces.ENDING):
        column = traces.columns_named([name])[0]
        session.execute(column.table.delete().where(column == person_id))
    for column in traces.columns_named(traces.LEADS):
        session.execute(column.table.update().where(column == person_id).values({column.name: None}))
    people.replace(session, person_id, wording.pseudonym(person_id))
    return dropped
