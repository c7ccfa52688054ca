"""The marks of erased customers and people outside the database, and who has come back with a restored backup."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import select
from sqlmodel import Session, col

from bot.errors import N_, NotReady
from bot.services.files import write_whole
from bot.services.privacy import subjects
from bot.services.privacy.subjects import Identity
from bot.services.tombstones import Tombstones
from db.book import tombstones
from db.book.contact_people import ContactPerson
from db.book.customers import Customer, CustomerKey
from db.book.people import Person
from db.book.tombstones import Mark, Subject
from db.engine import Database

FILE = "erased.json"  # in the data folder: keyed hashes, no name
_MARKS = TypeAdapter(list[Mark])
_AT_ONCE = 5_000


def save(database: Database, data_dir: Path) -> None:
    """Write the marks of the database, and those that only the file has, into the file. Raises BadInput and NotReady."""
    written = load(data_dir)
    with database.read() as session:
        known = _later(written, tombstones.every(session.connection()))
    if sorted(known.values()) != sorted(written):
        text = _MARKS.dump_json(sorted(known.values()), indent=1).decode()
        write_whole(data_dir / FILE, text + "\n")


def load(data_dir: Path) -> list[Mark]:
    """The marks in the file; none without one. Raises NotReady for one that cannot be read."""
    path = data_dir / FILE
    try:
        return _MARKS.validate_json(path.read_bytes())
    except FileNotFoundError:
        return []
    except (OSError, ValidationError) as error:
        raise NotReady(
            N_(
                "%(file)s, which says who was erased, cannot be read: %(reason)s. Restore it from a backup, or remove it:"
                " then only the database knows who was erased."
            ),
            file=path,
            reason=getattr(error, "strerror", None) or "it is not what Tierbot wrote",
        ) from None


def of_rows(rows: Iterable[tuple[Any, ...]]) -> list[Mark]:
    """Marks as SQLite stores them."""
    marks = [Mark._make(row) for row in rows]
    return [
        mark._replace(
            erased_at=_instant(mark.erased_at),
            taken_back_at=mark.taken_back_at and _instant(mark.taken_back_at),
        )
        for mark in marks
    ]


def missing(database: Database, data_dir: Path) -> int:
    """How many erasures the file knows and the database does not, because it is an older one."""
    with database.read() as session:
        known = {mark.hash for mark in tombstones.every(session.connection())}
    return len(
        {mark.erasure for mark in load(data_dir) if mark.hash not in known and mark.taken_back_at is None}
    )


def add(database: Database, marks: Iterable[Mark]) -> None:
    """Store marks that a database lacks, or has in an older state."""
    with database.write() as session:
        tombstones.put(session.connection(), marks)


def returned(database: Database) -> list[Identity]:
    """The customers and people of the book that are marked as erased; reads the codes of all."""
    with database.read() as session:
        marks = Tombstones.read(session.connection())
        if not marks:
            return []
        found = [subjects.customer(session, number) for number in dict.fromkeys(_customers(session, marks))]
        people = session.execute(select(col(Person.email)).order_by(col(Person.id)))
        back = [email for (email,) in people if marks.of_address(email)]
        contacts = list(_contact_people(session, marks))
        return [
            *{one.ids[0]: one for one in found}.values(),
            *(subjects.person(session, one) for one in back),
            *(subjects.contact_person(session, one) for one in contacts),
        ]


def take_back(database: Database, identities: Iterable[Identity], now: datetime) -> None:
    """Let these customers and people stay: files bring rows about them in again."""
    with database.write() as session:
        marks = Tombstones.read(session.connection())
        erasures = {erasure for one in identities for erasure in _erasures(marks, one)}
        tombstones.take_back(session.connection(), erasures, now)


def find_again(identity: Identity) -> Any:
    """A function that looks somebody up again, in the transaction of the erasure."""
    if identity.subject is Subject.CONTACT_PERSON:
        return partial(subjects.contact_person, contact_person_id=identity.ids[0])
    if identity.subject is Subject.PERSON:
        return partial(subjects.person, email=identity.address)
    return partial(subjects.customer, customer_id=identity.ids[0])


def _erasures(marks: Tombstones, identity: Identity) -> set[str]:
    """The erasures that a customer or person is marked by."""
    if identity.subject is Subject.CONTACT_PERSON:
        source, code = identity.keys[0] if identity.keys else ("", None)
        by_name = [
            marks.of_contact_person(source, code, identity.address, identity.of_customers, name)
            for name in identity.names
        ]
        return {one for one in by_name if one is not None}
    found = [marks.of_key(source, code) for source, code in identity.keys]
    found += [marks.of_code_and_name(code, identity.names) for code in identity.codes]
    found.append(marks.of_address(identity.address))
    return {one for one in found if one is not None}


def _customers(session: Session, marks: Tombstones) -> Iterator[int]:
    """Numbers of the customers that have a key, or a code and a name, of one that was erased."""
    keys = select(col(CustomerKey.customer_id), col(CustomerKey.source), col(CustomerKey.external_id))
    for number, source, code in session.execute(keys).yield_per(_AT_ONCE):
        if marks.of_key(source, code):
            yield number
    own = select(col(Customer.id), col(Customer.code), col(Customer.name))
    for number, code, name in session.execute(own).yield_per(_AT_ONCE):
        if marks.of_code_and_name(code, [name]):
            yield number


def _contact_people(session: Session, marks: Tombstones) -> Iterator[int]:
    """Numbers of the contact people who were erased: by their id in a system, their address, or customer and name."""
    if not marks.has(Subject.CONTACT_PERSON):
        return
    columns = (ContactPerson.id, ContactPerson.source, ContactPerson.external_id, ContactPerson.email)
    of_customer = (ContactPerson.customer_id, Customer.code, ContactPerson.name)
    found = (
        select(*map(col, columns), *map(col, of_customer))
        .join(Customer, col(Customer.id) == col(ContactPerson.customer_id))
        .order_by(col(ContactPerson.id))
    )
    for number, source, external_id, email, customer, code, name in session.execute(found).yield_per(
        _AT_ONCE
    ):
        if marks.of_contact_person(source, external_id, email, (str(customer), code), name):
            yield number


def _later(first: Iterable[Mark], second: Iterable[Mark]) -> dict[str, Mark]:
    """Hash -> mark; of two with the same hash, the one with the later event."""
    found: dict[str, Mark] = {}
    for mark in (*first, *second):
        known = found.get(mark.hash)
        if known is None or (mark.taken_back_at or mark.erased_at) > (known.taken_back_at or known.erased_at):
            found[mark.hash] = mark
    return found


def _instant(stored: Any) -> datetime:
    return datetime.fromisoformat(stored).replace(tzinfo=UTC)
