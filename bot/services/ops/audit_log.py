"""The audit as people read, verify and export it, and its daily anchor."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import structlog
from sqlmodel import Session

from bot.errors import N_, BadInput, NotFound, Phrase
from bot.masking import MASK
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.delivery import outbox
from bot.services.files import written_whole
from bot.services.recipients import Place
from bot.wording.notices import AuditAnchor
from db import audit, processes
from db.audit import AuditAction, AuditEntry, ChainEnd, ObjectKind
from db.book import customers, people
from db.engine import Database

log = structlog.get_logger()

CURSOR = "audit anchor"
KIND = "audit"  # of the messages
LIMITS = frozenset({"limit", "proposed_limit"})  # of a credit approval
Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class AuditQuery:
    """Which rows are wanted. Of a person: what they did, and what was done to them."""

    customer_id: int | None = None
    email: str | None = None
    since: datetime | None = None
    actions: tuple[AuditAction, ...] = ()
    most: int = 50


@dataclass(frozen=True, kw_only=True)
class ShownEntry:
    """A row, and the names that its ids have now."""

    number: int
    at: datetime
    actor: str
    name: str | None  # of a person
    operator: str | None
    door: str
    action: str
    object_kind: str
    object_id: str | None
    object_name: str | None  # of a person, or a customer's code
    before: Any
    after: Any


@dataclass(frozen=True, kw_only=True)
class VerifiedAudit:
    """The rows that were read, and the first of them that is wrong."""

    rows: int
    hash: str  # of the last row that is right
    row: int | None = None
    problem: Phrase | None = None

    @property
    def anchor(self) -> str:
        return anchor_text(ChainEnd(self.rows, self.hash))


def show(database: Database, actor: Actor, query: AuditQuery) -> list[ShownEntry]:
    """The newest rows. Raises NotAllowed for who may not read the audit, NotFound for somebody not in the book."""
    access.require(actor, Act.READ_AUDIT)
    with database.read() as session:
        actors: set[str] = set()
        objects: set[tuple[ObjectKind, str]] = set()
        if query.customer_id is not None:
            one = (query.customer_id, *(number for number, _ in customers.joined(session, query.customer_id)))
            objects |= {(ObjectKind.CUSTOMER, str(number)) for number in one}
        if query.email is not None:
            person = people.by_email(session, query.email)
            if person is None or person.id is None:
                raise NotFound(N_("There is no person with the e-mail %(email)s."), email=query.email)
            actors.add(audit.person_actor(person.id))
            objects.add((ObjectKind.PERSON, str(person.id)))
        rows = audit.listed(
            session, actors=actors, objects=objects, since=query.since, actions=query.actions, most=query.most
        )
        return _shown(session, rows)


def masked(entry: ShownEntry) -> ShownEntry:
    """The same without credit limits, which are masked wherever they are shown."""
    if entry.action != AuditAction.CREDIT_APPROVED:
        return entry
    return replace(entry, before=_without_limits(entry.before), after=_without_limits(entry.after))


def _without_limits(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if values is None:
        return None
    return {name: MASK if name in LIMITS else value for name, value in values.items()}


def parse_anchor(text: str) -> ChainEnd:
    """`COUNT:HASH` as the log shows it. Raises BadInput."""
    count, _, found = text.strip().partition(":")
    if not count.isascii() or not count.isdigit() or len(found) != len(audit.START):
        raise BadInput(
            N_("--anchor %(text)s: write it as the log shows it, the count of rows, a colon and the hash."),
            text=text,
        )
    return ChainEnd(int(count), found.lower())


def anchor_text(head: ChainEnd) -> str:
    """A row's number and hash as `parse_anchor` reads them."""
    return f"{head.number}:{head.hash}"


def verify(
    database: Database, anchors: Iterable[ChainEnd] = (), progress: Progress | None = None
) -> VerifiedAudit:
    """Compute every hash again, and compare with anchors: these, and the one that the last daily job stored.

    Stops at the first row that is wrong. Rows are read one after the other: a million need no more memory than ten.
    """
    with database.read() as session, audit.chained(session) as rows:
        known = defaultdict[int, set[str]](set)
        for count, found in (*anchors, *_stored_anchor(session)):
            known[count].add(found)
        total = audit.head(session).number
        number, previous = proven = ChainEnd(0, audit.START)
        for row in rows:
            if row["id"] != number + 1:
                return _wrong(
                    number, previous, N_("it was removed, or another row was inserted in its place")
                )
            if audit.hash_of(row, previous) != row["hash"]:
                return _wrong(
                    number, previous, N_("it was edited, moved or inserted, or a row before it was removed")
                )
            number, previous = number + 1, row["hash"]
            if number in known:
                if known[number] != {previous}:
                    replaced = N_(
                        "the rows up to %(row)s were replaced: row %(row)s has another hash than the anchor"
                    )
                    return _wrong(*proven, replaced, row=number)
                proven = ChainEnd(number, previous)
            if progress is not None and number % 1_000 == 0:
                progress(number, total)
    if max(known, default=0) > number:
        cut = N_("it and all rows after it were removed: the anchor counts more rows")
        return _wrong(number, previous, cut)
    return VerifiedAudit(rows=number, hash=previous)


def export(database: Database, actor: Actor, path: Path) -> int:
    """Write every row with its hash to a file, as a line of JSON each; how many. Raises NotAllowed as `show` does.

    That it was exported is the last of them.
    """
    access.require(actor, Act.READ_AUDIT)
    with database.write() as session:
        audit.record(
            session,
            actor=actor.who,
            action=AuditAction.EXPORTED,
            object_kind=ObjectKind.BOOK,
            object_id=None,
            door=actor.door,
            after={"what": "audit"},
        )
    count = 0
    with database.read() as session, audit.chained(session) as rows, written_whole(path) as file:
        for row in rows:
            file.write(json.dumps(dict(row), ensure_ascii=False, default=str) + "\n")
            count += 1
    return count


def anchor(database: Database, today: date, now: datetime, channel: str, language: str) -> int:
    """Write the last row's number and hash to the log, once a day, and to a channel; how many messages that is."""
    with database.read() as session:
        if _anchored_on(session) == today.isoformat():
            return 0
    with database.write(lock="audit anchor") as session:
        head = audit.head(session)
        if _anchored_on(session) == today.isoformat() or head.number == 0:
            return 0
        processes.set_cursor(session, CURSOR, f"{today.isoformat()} {anchor_text(head)}")
        if channel:
            outbox.enqueue(
                session,
                kind=KIND,
                place=Place(channel=channel),
                message=AuditAnchor(anchor=anchor_text(head)),
                language=language,
                dedupe_key=f"audit:{today.isoformat()}",
                now=now,
            )
    log.info("audit.anchor", anchor=anchor_text(head))
    return 1 if channel else 0


def _anchored_on(session: Session) -> str | None:
    known = processes.cursor(session, CURSOR)
    return None if known is None else known.partition(" ")[0]


def _stored_anchor(session: Session) -> list[ChainEnd]:
    known = processes.cursor(session, CURSOR)
    return [] if known is None else [parse_anchor(known.partition(" ")[2])]


def _wrong(right: int, previous: str, msgid: str, **values: int) -> VerifiedAudit:
    return VerifiedAudit(rows=right, hash=previous, row=right + 1, problem=Phrase(msgid, **values))


def _shown(session: Session, rows: Sequence[AuditEntry]) -> list[ShownEntry]:
    acting = {
        row.actor: _number(row.actor.partition(":")[2]) for row in rows if row.actor.startswith("person:")
    }
    of_people = {_number(row.object_id) for row in rows if row.object_kind == ObjectKind.PERSON}
    of_customers = {_number(row.object_id) for row in rows if row.object_kind == ObjectKind.CUSTOMER}
    persons = people.get_many(session, {*acting.values(), *of_people})
    names = {number: person.name for number, person in persons.items()}
    codes = {number: one.code for number, one in customers.get_many(session, sorted(of_customers)).items()}
    labels: dict[str, dict[int, str]] = {ObjectKind.PERSON: names, ObjectKind.CUSTOMER: codes}
    return [
        ShownEntry(
            number=row.id or 0,
            at=row.at,
            actor=row.actor,
            name=names.get(acting.get(row.actor, 0)),
            operator=row.operator,
            door=row.door,
            action=row.action,
            object_kind=row.object_kind,
            object_id=row.object_id,
            object_name=labels.get(row.object_kind, {}).get(_number(row.object_id)),
            before=None if row.before is None else json.loads(row.before),
            after=None if row.after is None else json.loads(row.after),
        )
        for row in rows
    ]


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isdigit() else 0
