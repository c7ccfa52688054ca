"""How much one person may look at in Slack: so many different customers a day, and a pause after several wrong guesses."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from math import ceil

import structlog
from sqlmodel import Session

from bot.clock import Clock, local_date
from bot.errors import N_, Conflict, Hidden, NotAllowed
from bot.services.access import Actor
from bot.services.ask.behind import Behind
from bot.services.delivery import outbox
from bot.services.recipients import Place
from bot.settings import Settings
from bot.wording.answers.listing import CompareChoice, CustomerList, CustomersBeside
from bot.wording.answers.risk import AtRisk
from bot.wording.ask.home import HomeBook, HomeList, HomeTop
from bot.wording.ask.notes import NotesFound
from bot.wording.care.digest import CareDigest
from bot.wording.care.weekly import CareWeeklyList
from bot.wording.message_base import Message
from bot.wording.messages import Choice, MyCustomers, NoMatch, TierCard, Ungraded
from bot.wording.notices import LimitReached
from bot.wording.parts import Who
from db import usage
from db.audit import AuditAction, ObjectKind
from db.book import people
from db.engine import Database

KIND = "limit"
MOST_PEOPLE = 10_000  # of whom a process remembers something; whoever asked longest ago is forgotten first
FREE_GUESSES = 5
GUESSES_COUNT = 600.0  # seconds after which wrong guesses are forgotten
FIRST_PAUSE, LONGEST_PAUSE = 10.0, 300.0  # seconds; each further wrong guess doubles it

log = structlog.get_logger()


class LimitOfTheDay(NotAllowed):
    """A person wants to look at more different customers than one may on a day."""

    def __init__(self, most: int) -> None:
        super().__init__(
            N_(
                "This would be more than %(most)s different customers today, and one person may look at no more. Look at"
                " others tomorrow. Your admins hear of it."
            ),
            most=most,
        )


class Pause(Conflict):
    """A person has guessed wrong several times, and gets no answer for a while, whatever they ask."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            N_(
                "You have asked several times for what is not in your book. Wait %(wait)s s, and then ask again."
            ),
            wait=ceil(seconds),
        )


@dataclass(kw_only=True)
class _Remembered:
    """What a process remembers of a person."""

    day: date | None = None
    seen: set[int] = field(default_factory=set)  # customers, on this day
    stored: int = 0  # customers of this day in the database, of all processes
    unstored: int = 0  # of `seen`, those that are not counted there yet
    has_reached: bool = False  # the limit, and the admins do not know yet
    unrecorded: int = 0  # wrong guesses that are not in the audit yet
    opened: dict[int, datetime] = field(default_factory=dict)  # customer -> when, not in the database yet
    guesses: int = 0
    guessed_at: float = 0.0
    paused_until: float = 0.0


class Bounds:
    """Counts what people look at. All methods may be called from several threads."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._askers: OrderedDict[int, _Remembered] = OrderedDict()
        self._unstored: dict[int, Actor] = {}
        self._writing = Behind("looks", self.store)

    @contextmanager
    def asking(self, actor: Actor) -> Iterator[None]:
        """Around looking for a customer. Raises Pause; a customer that is not the actor's counts as a wrong guess.

        Whether that customer exists changes nothing.
        """
        with self._lock:
            left = self._asker(actor).paused_until - self._monotonic()
        if left > 0:
            raise Pause(left)
        try:
            yield
        except Hidden:
            self._note_guess(actor)
            raise

    def show(
        self,
        actor: Actor,
        message: Message,
        *,
        customer_id: int | None = None,
        session: Session | None = None,
    ) -> None:
        """Count the customers of an answer before it is given. Raises LimitOfTheDay for one that is beyond the limit.

        `session`: one that reads already; a second one would take another connection.
        """
        if isinstance(message, NoMatch) or (isinstance(message, CompareChoice) and message.near):
            self._note_guess(actor)
        self._count(actor, _customers_of(message, customer_id), session)
        self._note_opened(actor, message)

    def _count(self, actor: Actor, shown: set[int], session: Session | None) -> None:
        most = self._settings.customers_per_day
        if not most or not shown:
            return
        today = local_date(self._clock.now(), self._settings.zone)
        with self._lock:
            is_known = self._asker(actor).day == today
        stored = 0 if is_known else self._read(session, actor.person_id, today)
        with self._lock:
            asker = self._asker(actor)
            if asker.day != today:
                asker.day, asker.seen, asker.stored, asker.unstored = today, set(), stored, 0
                asker.has_reached = False
            new = shown - asker.seen
            if not new:
                return
            self._unstored[actor.person_id] = actor
            self._writing.wake()
            if asker.stored + asker.unstored + len(new) > most:
                asker.has_reached = True
                raise LimitOfTheDay(most)
            asker.seen |= new
            asker.unstored += len(new)

    def allowed(self, actor: Actor, customer_ids: Sequence[int], session: Session | None = None) -> int:
        """How many of these customers, from the first on, the actor may look at today; they are counted."""
        most = self._settings.customers_per_day
        if not most:
            return len(customer_ids)
        with self._lock:
            is_known = self._asker(actor).day == local_date(self._clock.now(), self._settings.zone)
            asker = self._asker(actor)
            room = most - (asker.stored + asker.unstored if is_known else 0)
            seen = set(asker.seen) if is_known else set()
        if not is_known:
            room = most - self._read(
                session, actor.person_id, local_date(self._clock.now(), self._settings.zone)
            )
        count = 0
        for customer_id in customer_ids:
            room -= customer_id not in seen
            if room < 0:
                break
            count += 1
        if count:
            self._count(actor, set(customer_ids[:count]), session)
        return count

    def store(self) -> None:
        """Write what was counted, for all processes, and wrong guesses into the audit; tell the admins, once a day, who
        has reached the limit.
        """
        with self._lock:
            waiting, self._unstored = self._unstored, {}
            counted = {person: self._take(actor) for person, actor in waiting.items()}
            opened = {person: self._take_opened(actor) for person, actor in waiting.items()}
        if not counted:
            return
        try:
            with self._database.write() as session:
                for person, cards in opened.items():
                    usage.note_asked(session, person, cards)
                totals = {
                    person: usage.add_customers(session, person, day, count)
                    for person, (day, count, *_) in counted.items()
                    if day is not None
                }
                for person, (day, _, has_reached, guesses) in counted.items():
                    if day is not None and has_reached:
                        self._tell_admins(session, waiting[person], day)
                    if guesses:
                        _record(session, waiting[person], guesses)
        except BaseException:
            with self._lock:
                for person, (day, count, has_reached, guesses) in counted.items():
                    asker = self._asker(waiting[person])
                    asker.unrecorded += guesses
                    if asker.day == day:
                        asker.stored -= count
                        asker.unstored += count
                        asker.has_reached |= has_reached
                self._unstored = {**waiting, **self._unstored}
            raise
        with self._lock:
            for person, total in totals.items():
                asker = self._asker(waiting[person])
                if asker.day == counted[person][0]:
                    asker.stored = max(asker.stored, total)

    def close(self) -> None:
        """Write what was counted, and nothing more afterwards."""
        self._writing.close()

    def _take(self, actor: Actor) -> tuple[date | None, int, bool, int]:
        """(day, customers, whether the limit was reached, wrong guesses) of a person, to be written; the lock is held."""
        asker = self._asker(actor)
        taken = asker.day, asker.unstored, asker.has_reached, asker.unrecorded
        asker.stored += asker.unstored
        asker.unstored, asker.has_reached, asker.unrecorded = 0, False, 0
        return taken

    def _note_opened(self, actor: Actor, message: Message) -> None:
        """Remember whose card a person has looked at, for their Home tab."""
        if not isinstance(message, TierCard | Ungraded):
            return
        with self._lock:
            self._asker(actor).opened[message.customer_id] = self._clock.now()
            self._unstored[actor.person_id] = actor
            self._writing.wake()

    def _take_opened(self, actor: Actor) -> dict[int, datetime]:
        """Customer -> when a person looked at its card, to be written; the lock is held."""
        asker = self._asker(actor)
        taken, asker.opened = asker.opened, {}
        return taken

    def _asker(self, actor: Actor) -> _Remembered:
        """What is remembered of a person; the lock is held."""
        asker = self._askers.setdefault(actor.person_id, _Remembered())
        self._askers.move_to_end(actor.person_id)
        if len(self._askers) > MOST_PEOPLE:
            self._askers.popitem(last=False)
        return asker

    def _read(self, session: Session | None, person_id: int, day: date) -> int:
        if session is not None:
            return usage.customers_seen(session, person_id, day)
        with self._database.read() as own:
            return usage.customers_seen(own, person_id, day)

    def _note_guess(self, actor: Actor) -> None:
        with self._lock:
            asker, now = self._asker(actor), self._monotonic()
            asker.guesses = asker.guesses + 1 if now - asker.guessed_at <= GUESSES_COUNT else 1
            asker.guessed_at = now
            asker.unrecorded += 1
            self._unstored[actor.person_id] = actor
            self._writing.wake()
            if asker.guesses >= FREE_GUESSES:
                doubled = FIRST_PAUSE * 2 ** min(asker.guesses - FREE_GUESSES, 10)
                asker.paused_until = now + min(doubled, LONGEST_PAUSE)

    def _tell_admins(self, session: Session, actor: Actor, day: date) -> None:
        log.warning("limit.reached", person=actor.person_id, customers=self._settings.customers_per_day)
        for admin in people.admins(session, self._settings.admins):
            outbox.enqueue_once(
                session,
                kind=KIND,
                place=Place(person_id=admin.id),
                message=LimitReached(
                    who=Who(name=actor.name, slack_user_id=actor.slack_user_id),
                    limit=self._settings.customers_per_day,
                    day=day,
                ),
                language=admin.language or self._settings.language,
                dedupe_key=f"limit:{actor.person_id}:{day}:{admin.id}",
                now=self._clock.now(),
            )


def _record(session: Session, actor: Actor, guesses: int) -> None:
    actor.record(
        session,
        AuditAction.NOT_IN_BOOK,
        ObjectKind.CUSTOMER,
        None,
        after={"times": guesses},
    )


def _customers_of(message: Message, customer_id: int | None) -> set[int]:
    """The customers that an answer shows."""
    if isinstance(message, Choice | NoMatch | MyCustomers | CompareChoice | HomeTop | HomeBook):
        return {hit.customer_id for hit in message.hits}
    if isinstance(message, NotesFound):
        return {one.customer_id for one in message.found}
    if isinstance(message, CustomerList | HomeList):
        return {row.customer_id for row in message.rows}
    if isinstance(message, CustomersBeside):
        return {one.customer_id for one in message.customers}
    if isinstance(message, CareDigest | CareWeeklyList | AtRisk):
        return {row.customer_id for row in message.rows}
    shown = customer_id if customer_id is not None else getattr(message, "customer_id", None)
    return set() if shown is None else {shown}
