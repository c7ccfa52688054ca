"""The audit as people read, verify and export it, and its daily anchor."""

import json
import re
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
from db.audit import AuditAction, ChainEnd, ObjectKind
from db.book import customers, people
from db.engine import Database

log = structlog.get_logger()

CURSOR = "audit anchor"
KIND = "audit"  # of the messages
LIMITS = frozenset({"limit", "proposed_limit"})  # of a credit approval
_ANCHOR = re.compile(rf"([0-9]{{1,18}}):([0-9a-fA-F]{{{len(audit.START)}}})")
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
    at: (
        datetime | str
    )  # text that is no time, where somebody edited the row; of the others too what stands there
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


def _without_limits(values: Mapping[str, Any] | str | None) -> dict[str, Any] | str | None:
    if values is None:
        return None
    if isinstance(values, str):  # of a row that somebody edited
        return MASK
    return {name: MASK if name in LIMITS else value for name, value in values.items()}


def parse_anchor(text: str) -> ChainEnd:
    """`COUNT:HASH` as the log shows it. Raises BadInput."""
    if (parts := _ANCHOR.fullmatch(text.strip())) is None:
        raise BadInput(
            N_("--anchor %(text)s: write it as the log shows it, the count of rows, a colon and the hash."),
            text=text,
        )
    return ChainEnd(int(parts[1]), parts[2].lower())


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
        stored, unreadable = _stored_anchor(session)
        for count, found in (*anchors, *stored):
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
    if unreadable:
        edited = N_(
            "the anchor that is stored in the database was edited, so that this row and all after it may have been replaced"
        )
        return _wrong(*proven, edited)
    return VerifiedAudit(rows=number, hash=previous)


def export(database: Database, actor: Actor, path: Path) -> int:
    """Write every row with its hash to a file, as a line of JSON each; how many. Raises NotAllowed as `show` does.

    That it was exported is the last of them.
    """
    access.require(actor, Act.READ_AUDIT)
    with database.write() as session:
        actor.record(
            session,
            AuditAction.EXPORTED,
            ObjectKind.BOOK,
            None,
            after={"what": "audit"},
        )
    count = 0
    with database.read() as session, audit.chained(session) as rows, written_whole(path) as file:
        for row in rows:
            line = json.dumps(dict(row), ensure_ascii=False, default=str)
            file.write(line.encode(errors="backslashreplace").decode() + "\n")  # as JSON escapes, too
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


def _stored_anchor(session: Session) -> tuple[list[ChainEnd], bool]:
    """(the anchor of the last daily job, whether there is one that cannot be read)."""
    known = processes.cursor(session, CURSOR)
    if known is None:
        return [], False
    try:
        return [parse_anchor(known.partition(" ")[2])], False
    except BadInput:
        return [], True


def _wrong(right: int, previous: str, msgid: str, **values: int) -> VerifiedAudit:
    return VerifiedAudit(rows=right, hash=previous, row=right + 1, problem=Phrase(msgid, **values))


def _shown(session: Session, rows: Sequence[Mapping[str, Any]]) -> list[ShownEntry]:
    acting = {row["actor"]: _number(_text(row["actor"]).removeprefix("person:")) for row in rows}
    of_people = {_number(row["object_id"]) for row in rows if row["object_kind"] == ObjectKind.PERSON}
    of_customers = {_number(row["object_id"]) for row in rows if row["object_kind"] == ObjectKind.CUSTOMER}
    persons = people.get_many(session, {*acting.values(), *of_people})
    names = {number: person.name for number, person in persons.items()}
    codes = {number: one.code for number, one in customers.get_many(session, sorted(of_customers)).items()}
    labels: dict[str, dict[int, str]] = {ObjectKind.PERSON: names, ObjectKind.CUSTOMER: codes}
    return [
        ShownEntry(
            number=row["id"],
            at=row["at"] if isinstance(row["at"], datetime) else _text(row["at"]),
            actor=_text(row["actor"]),
            name=names.get(acting[row["actor"]]),
            operator=None if row["operator"] is None else _text(row["operator"]),
            door=_text(row["door"]),
            action=_text(row["action"]),
            object_kind=_text(row["object_kind"]),
            object_id=None if row["object_id"] is None else _text(row["object_id"]),
            object_name=labels.get(row["object_kind"], {}).get(_number(row["object_id"])),
            before=_from_json(row["before"]),
            after=_from_json(row["after"]),
        )
        for row in rows
    ]


def _from_json(stored: Any) -> Any:
    """What a column holds; where somebody edited it, its text."""
    if stored is None:
        return None
    try:
        found = json.loads(stored)
    except ValueError:
        return _text(stored)
    return found if isinstance(found, dict) else _text(stored)


def _text(stored: Any) -> str:
    return stored if isinstance(stored, str) else str(stored)


def _number(stored: Any) -> int:
    """The number of a person or customer; 0 for anything else."""
    return int(stored) if isinstance(stored, str) and re.fullmatch(r"[0-9]{1,18}", stored) else 0
