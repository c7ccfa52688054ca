"""What becomes of proposals that wait: who may decide is reminded each working morning, admins are asked, they expire.

Promise: each of these is written once, in a transaction with its message, however many processes look after it.
"""

from collections import defaultdict
from datetime import datetime
from functools import partial

from sqlmodel import Session

from bot.clock import local_date
from bot.services.care.working_people import FirmTime, times_asked
from bot.services.delivery import kinds, outbox
from bot.services.proposals import deciders, expiry, making, subject, telling, waiting
from bot.services.recipients import Place
from bot.services.schemes.store import SchemeCache
from bot.settings import Settings
from bot.wording.ask.proposals import ProposalRow
from db.book import customers
from db.book.people import Person
from db.care.records import proposals
from db.care.records.proposals import CustomerProposal, ProposalState
from db.engine import Database
from db.outbox import messages


def follow(database: Database, scheme_cache: SchemeCache, settings: Settings, now: datetime) -> int:
    """Expire, pass on and remind of what waits, and tell of what a join has ended; how much that was."""
    with database.read() as session:
        found, untold = proposals.waiting(session), proposals.untold(session)
    done = sum(_tell_joined(database, scheme_cache, one, settings, now) for one in untold)
    if not found:
        return done
    for one in found:
        if one.version > 1:
            done += _reopen(database, scheme_cache, one, settings)
        if one.expires_at <= now:
            done += _expire(database, scheme_cache, one, settings, now)
        elif one.escalated_at is None and now >= one.asked_at + (one.expires_at - one.asked_at) / 2:
            done += _escalate(database, scheme_cache, one, settings, now)
    return done + _remind(database, scheme_cache, settings, now)


def _expire(
    database: Database, scheme_cache: SchemeCache, one: CustomerProposal, settings: Settings, now: datetime
) -> int:
    with database.write(lock=making.LOCK) as session:
        return int(expiry.expire(session, scheme_cache, one, settings, now))


def _tell_joined(
    database: Database, scheme_cache: SchemeCache, one: CustomerProposal, settings: Settings, now: datetime
) -> int:
    """Say what became of a proposal whose customer was joined into another one."""
    with database.write(lock=making.LOCK) as session:
        found, customer = proposals.get(session, one.id or 0), customers.get_row(session, one.customer_id)
        if found is None or customer is None or found.state != one.state or found.decided_at is not None:
            return 0
        found.decided_at = now
        session.add(found)
        telling.settle(session, scheme_cache, found, customer, settings, now)
    return 1


def _reopen(database: Database, scheme_cache: SchemeCache, one: CustomerProposal, settings: Settings) -> int:
    """Show in its messages that a proposal waits again, after the join that ended it was undone."""
    with database.write(lock=making.LOCK) as session:
        found, customer = proposals.get(session, one.id or 0), customers.get_row(session, one.customer_id)
        if found is None or customer is None or found.state != ProposalState.WAITING:
            return 0
        return min(1, telling.reopen(session, scheme_cache, found, customer, settings))


def _escalate(
    database: Database, scheme_cache: SchemeCache, one: CustomerProposal, settings: Settings, now: datetime
) -> int:
    """Ask the admins as well who were not asked before, once half of the time is over."""
    with database.write(lock=making.LOCK) as session:
        found, customer = proposals.get(session, one.id or 0), customers.get_row(session, one.customer_id)
        if found is None or customer is None or found.escalated_at is not None:
            return 0
        if found.state != ProposalState.WAITING:
            return 0
        found.escalated_at = now
        session.add(found)
        asked = proposals.readers_of(session, found.id or 0)
        admins = deciders.admins(session, found, customer, settings, now)
        others = [person for person in admins if person.id not in asked]
        return telling.ask(session, scheme_cache, found, customer, others, settings, now, act="escalated")


def _remind(database: Database, scheme_cache: SchemeCache, settings: Settings, now: datetime) -> int:
    """Remind, in the working morning after they were asked and each one after that, all who may decide."""
    with database.read() as session:
        mornings = _mornings(session, settings, now)
    return sum(
        database.retry(partial(_remind_one, database, scheme_cache, person, day, settings, now))
        for person, day in mornings
    )


def _mornings(session: Session, settings: Settings, now: datetime) -> list[tuple[Person, str]]:
    """Who is to be reminded now, and of which day that is the morning."""
    readers: dict[int, Person] = {}
    asked: dict[int, list[datetime]] = defaultdict(list)
    for one in proposals.waiting(session):
        customer = customers.get_row(session, one.customer_id)
        for person, since in deciders.reminded(session, one, customer, settings, now) if customer else ():
            if person.id is not None and person.slack_user_id is not None:
                readers[person.id] = person
                asked[person.id].append(since)
    working = times_asked(session, list(readers), FirmTime.of(settings), now) if readers else {}
    found = []
    for number, person in readers.items():
        times = working.get(number) or FirmTime.of(settings).working_time(now)
        today = local_date(now, times.zone)
        is_new = all(local_date(at, times.zone) >= today for at in asked[number])
        if not is_new and times.is_morning_over(now) and times.within_hours(now):
            found.append((person, today.isoformat()))
    keys = messages.existing_keys(session, [_key(person, day) for person, day in found])
    return [(person, day) for person, day in found if _key(person, day) not in keys]


def _remind_one(
    database: Database,
    scheme_cache: SchemeCache,
    person: Person,
    day: str,
    settings: Settings,
    now: datetime,
) -> int:
    with database.write(lock=making.LOCK) as session:
        if messages.existing_keys(session, [_key(person, day)]):
            return 0
        rows = _rows(session, scheme_cache, person, settings, now)
        if not rows:
            return 0
        message = waiting.message_of(rows, reminds=True)
        number = outbox.enqueue(
            session,
            kind=kinds.PROPOSAL,
            place=Place(person_id=person.id),
            message=message,
            language=person.language or settings.language,
            dedupe_key=_key(person, day),
            now=now,
        )
        proposals.link(session, number, [row.proposal_id for row in message.rows])
    return 1


def _rows(
    session: Session, scheme_cache: SchemeCache, person: Person, settings: Settings, now: datetime
) -> list[ProposalRow]:
    """What waits for a person's decision."""
    rows = []
    for one in proposals.waiting(session):
        customer = customers.get_row(session, one.customer_id)
        if customer is None or one.expires_at <= now:
            continue
        readers = deciders.reminded(session, one, customer, settings, now)
        if person.id in {reader.id for reader, _ in readers}:
            rows.append(subject.row_of(session, scheme_cache, one, customer, settings, may_decide=True))
    return rows


def _key(person: Person, day: str) -> str:
    return f"proposals:{person.id}:{day}"
