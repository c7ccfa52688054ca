"""Where due steps are shown: a person's direct messages, or a channel, and when they are asked there."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlmodel import Session

from bot.clock import local_date
from bot.services.care.plan import Doer
from bot.services.care.schedule import CareRules
from bot.services.care.working_people import FirmTime, working_times
from bot.services.care.working_time import WorkingTime
from bot.services.delivery import outbox
from bot.services.recipients import FirmDefaults, Place, Recipients
from bot.services.schemes.store import SchemeCache, TierNames
from bot.settings import Settings
from bot.wording.message_base import Message
from db.care import due_touches
from db.care.due_touches import DueGroup, DueTouch, FirstDue
from db.engine import Database

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Mailbox:
    """A place that gets digests: who reads it in which language, and when they work."""

    place: Place
    language: str | None
    working: WorkingTime
    groups: set[DueGroup] = field(default_factory=set)
    acts_for: frozenset[int] = frozenset()
    first_step: datetime | None = None  # when the first step that is due was to be shown
    first_greeting: datetime | None = None

    def today(self, now: datetime) -> date:
        return local_date(now, self.working.zone)

    def tomorrow(self, now: datetime) -> datetime:
        """When today ends: what is due earlier belongs to the digest of today."""
        return self.working.end_of_today(now)

    def until(self, now: datetime) -> datetime:
        """Until when a message of today may arrive: later it would come outside the hours, and is due again tomorrow."""
        return self.working.end_of_hours(now)

    def key(self, now: datetime) -> str:
        return f"digest:{self.place.address}:{self.today(now)}"

    def is_asked(self, now: datetime) -> bool:
        """Whether it is a working day, after its morning, and within the hours."""
        return self.working.is_morning_over(now) and self.working.within_hours(now)

    def has_steps(self, now: datetime) -> bool:
        """Whether some of the steps belong to the digest of today."""
        return self.first_step is not None and self.first_step < self.tomorrow(now)

    def greets(self, now: datetime) -> bool:
        """Whether some of the greetings are due today, after the time at which people are reminded."""
        is_due = self.first_greeting is not None and self.first_greeting < self.tomorrow(now)
        return is_due and self.working.is_morning_over(now)

    def is_last_chance(self, day: date, now: datetime) -> bool:
        """Whether a greeting for a day is said today although today is no working day: the next one comes too late."""
        return self.working.next_working_day(self.today(now) + ONE_DAY) > day

    @property
    def owners(self) -> set[int]:
        """Whose customers' steps are shown here."""
        found = {group.owner_id for group in self.groups if group.owner_id is not None}
        return found | self._own

    @property
    def greeted(self) -> set[int]:
        """Whose customers are greeted from here: not those of whom only other steps are shown here."""
        theirs = (group for group in self.groups if group.who == Doer.OWNER and group.assignee_id is None)
        return {group.owner_id for group in theirs if group.owner_id is not None} | self._own

    @property
    def _own(self) -> set[int]:
        reader = self.place.person_id
        return set() if reader is None else {reader} | self.acts_for


@dataclass(frozen=True, kw_only=True)
class Sending:
    """What writing digests needs: the plans, the names of tiers, and the firm's defaults."""

    database: Database
    rules: CareRules
    book: TierNames
    time: FirmTime
    firm: FirmDefaults
    now: datetime
    templates: Path | None = None  # the firm's own folder, which may hold texts to greet with
    schemes: SchemeCache = field(default_factory=SchemeCache)

    @classmethod
    def of(
        cls, settings: Settings, database: Database, schemes: SchemeCache, rules: CareRules, now: datetime
    ) -> "Sending":
        """What is so at this moment."""
        with database.read() as session:
            book = schemes.tier_names(session)
        firm = FirmDefaults(
            channel=settings.alert_channel, language=settings.language, admins=settings.admins
        )
        return cls(
            database=database,
            rules=rules,
            book=book,
            time=FirmTime.of(settings),
            firm=firm,
            now=now,
            templates=settings.templates_dir,
            schemes=schemes,
        )


def enqueue(
    session: Session,
    sending: Sending,
    mailbox: Mailbox,
    kind: str,
    message: Message,
    key: str,
    *,
    not_after: datetime | None = None,
) -> int:
    """Write a message to a place under a key that must be new. What has not arrived until `not_after` is due again."""
    return outbox.enqueue(
        session,
        kind=kind,
        place=mailbox.place,
        message=message,
        language=mailbox.language,
        dedupe_key=key,
        now=sending.now,
        not_after=not_after,
    )


def mailboxes(session: Session, sending: Sending, groups: Mapping[DueGroup, FirstDue]) -> list[Mailbox]:
    """The places where the touches of these groups are shown."""
    if not groups:
        return []
    recipients = recipients_of(session, groups, sending.firm, sending.now)
    places: dict[Place, set[DueGroup]] = defaultdict(set)
    for group in groups:
        owner = recipients.people.get(group.owner_id or 0)
        if place := recipients.place_of_step(group.who, group.assignee_id, owner):
            places[place].add(group)
    readers = {place.person_id for place in places if place.person_id is not None}
    working = working_times(session, readers, sending.time, sending.now) if readers else {}
    return [_mailbox(place, of, recipients, working, sending, groups) for place, of in places.items()]


def recipients_of(
    session: Session, groups: Iterable[DueGroup], firm: FirmDefaults, now: datetime
) -> Recipients:
    """The people who may be told of the touches of these groups."""
    groups = list(groups)
    ids = {one for group in groups for one in (group.owner_id, group.assignee_id) if one is not None}
    return Recipients.of(session, ids, firm, now, {group.who for group in groups})


def _mailbox(
    place: Place,
    groups: set[DueGroup],
    recipients: Recipients,
    working: Mapping[int, WorkingTime],
    sending: Sending,
    first: Mapping[DueGroup, FirstDue],
) -> Mailbox:
    reader = recipients.people.get(place.person_id or 0)
    # Teams that share a channel may have several languages: that of the same one counts each day.
    owner = recipients.people.get(min(group.owner_id or 0 for group in groups))
    language = recipients.language(reader) if reader else recipients.channel_language(owner)
    return Mailbox(
        place=place,
        language=language,
        working=working.get(place.person_id or 0) or sending.time.working_time(sending.now),
        groups=groups,
        first_step=min((at for group in groups if (at := first[group].step)), default=None),
        first_greeting=min((at for group in groups if (at := first[group].greeting)), default=None),
        acts_for=recipients.absent(place.person_id) if place.person_id is not None else frozenset(),
    )


def goes_to(recipients: Recipients, touch: DueTouch) -> Place | None:
    """Where a touch is shown."""
    return place_of(recipients, touch.group)


def place_of(recipients: Recipients, group: DueGroup) -> Place | None:
    """Where the touches of a group are shown."""
    owner = recipients.people.get(group.owner_id or 0)
    return recipients.place_of_step(group.who, group.assignee_id, owner)


def planned_per_day(session: Session, sending: Sending, mailbox: Mailbox) -> dict[date, int]:
    """How many steps are shown at this place on each day to come."""
    found = due_touches.planned_per_time(session, mailbox.owners)
    # Others do some steps of the same customers: those fill no day here.
    recipients = recipients_of(session, {group for group, _, _ in found}, sending.firm, sending.now)
    planned: dict[date, int] = defaultdict(int)
    for group, at, count in found:
        if place_of(recipients, group) == mailbox.place:
            planned[local_date(at, mailbox.working.zone)] += count
    return planned
