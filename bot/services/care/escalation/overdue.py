"""What is late: who should do it, how often they were asked, and who is told that it is late."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session

from bot.clock import local_date
from bot.services.care.digest.mailboxes import Mailbox, Sending
from bot.services.care.plan import LOW_SCORE, Escalation
from bot.services.care.working_people import working_times
from bot.services.recipients import Place, Recipients
from db.book import people
from db.book.people import Person
from db.care import late_touches
from db.care.late_touches import LateTouch, StepKey, TimesShown
from db.care.touches import TouchState

EASTERNMOST = timedelta(hours=14)  # no zone is further ahead of UTC


@dataclass(frozen=True, kw_only=True)
class Overdue:
    """A late touch; `mailbox` is the place that is told of it before the emergency group."""

    touch: LateTouch
    owner: Person | None
    doer: Person | None
    shown: TimesShown | None
    asked_from: datetime  # the morning on which the doer could be asked at first
    reported_at: datetime | None  # to a manager
    away_until: date | None  # the doer
    mailbox: Mailbox | None

    def is_due(self, days: int, mailbox: Mailbox, sending: Sending) -> bool:
        """Whether it is reported there: so many days after its limit, but not before a person had it for a day."""
        if self._is_to_be_asked:
            return False
        zone, today = mailbox.working.zone, mailbox.today(sending.now)
        begun = local_date(self.shown.first if self.shown else self.asked_from, zone)
        if self.reported_at is not None and local_date(self.reported_at, zone) >= today:
            return False  # the manager has a day too
        return max(self.touch.latest_on, begun) + timedelta(days=days) < today

    @property
    def _is_to_be_asked(self) -> bool:
        """Whether the person who does it was never asked, and will be on a morning to come."""
        never = self.shown is None and self.touch.state == TouchState.PLANNED
        return never and self.doer is not None and self.away_until is None


def late_enough(
    session: Session, sending: Sending, told: Sequence[int], days_of: Callable[[Escalation], int | None]
) -> list[tuple[Overdue, int]]:
    """What was reported so far, and may be late enough somewhere, with the days after its limit from which it is."""
    furthest = (sending.now + EASTERNMOST).date()
    late: list[LateTouch] = []
    days: dict[int, int] = {}
    for step in late_touches.steps(session, furthest, told):
        after = days_of(escalation_of(sending, step))
        if after is not None:
            some = late_touches.of_step(session, step, furthest - timedelta(days=after), told)
            days |= dict.fromkeys((touch.id for touch in some), after)
            late += some
    return [(one, days[one.touch.id]) for one in worst_first(session, sending, late)]


def escalation_of(sending: Sending, of: LateTouch | StepKey) -> Escalation:
    """Whom the step reaches when it is late; nobody when it is in force no more."""
    plan = sending.rules.plans.named(of.plan)
    if plan is None and of.step == LOW_SCORE.id:
        return Escalation()
    step = plan.step(of.tier, of.step) if plan else None
    if plan is None or step is None:
        return Escalation(manager_days=None)
    return plan.escalation_of(of.tier, step)


def worst_first(session: Session, sending: Sending, touches: Sequence[LateTouch]) -> list[Overdue]:
    """Late touches with what is reported of them: best tiers first, then the latest. A handful of queries for all."""
    if not touches:
        return []
    asked = _Asked(session, sending, touches)
    rank = sending.book.rank
    return sorted(
        (asked.overdue(touch) for touch in touches),
        key=lambda one: (rank(one.touch.tier), one.touch.latest_on, one.touch.id),
    )


class _Asked:
    """Who is asked to do some late touches, and who is told of them, read once."""

    def __init__(self, session: Session, sending: Sending, touches: Sequence[LateTouch]) -> None:
        meant = {one for touch in touches for one in (touch.owner_id, touch.assignee_id) if one is not None}
        roles = {touch.who for touch in touches}
        self._sending = sending
        self._recipients = Recipients.of(session, meant, sending.firm, sending.now, roles)
        self._admins = people.admins(session, sending.firm.admins)
        self._shown = late_touches.shown(session, [touch.id for touch in touches])
        told = [touch.id for touch in touches if touch.escalated]
        self._reported = late_touches.reported_at(session, told) if told else {}
        self._doers = {touch.id: self._doer(touch) for touch in touches}
        involved = [*self._doers.values(), *self._recipients.leads(), *self._admins]
        readers = {one.id for one in involved if one is not None and one.id is not None}
        self._working = working_times(session, readers, sending.time, sending.now)

    def overdue(self, touch: LateTouch) -> Overdue:
        owner, doer = self._owner(touch), self._doers[touch.id]
        return Overdue(
            touch=touch,
            owner=owner,
            doer=doer,
            shown=self._shown.get(touch.id),
            asked_from=self._asked_from(touch, doer),
            reported_at=self._reported.get(touch.id),
            away_until=self._away_until(doer),
            mailbox=self._mailbox(owner, doer),
        )

    def _owner(self, touch: LateTouch) -> Person | None:
        return self._recipients.people.get(touch.owner_id or 0)

    def _doer(self, touch: LateTouch) -> Person | None:
        return self._recipients.doer(touch.who, touch.assignee_id, self._owner(touch))

    def _asked_from(self, touch: LateTouch, doer: Person | None) -> datetime:
        working = self._working.get(doer.id or 0) if doer else None
        if working is None or self._away_until(doer) is not None:
            return touch.created_at
        return working.next_morning(local_date(touch.created_at, working.zone), touch.created_at)

    def _away_until(self, person: Person | None) -> date | None:
        working = self._working.get(person.id or 0) if person else None
        return working.away_until(local_date(self._sending.now, working.zone)) if working else None

    def _mailbox(self, owner: Person | None, doer: Person | None) -> Mailbox | None:
        """The manager's; while they have days off, or where there is none, the channel's, else an admin's."""
        manager = self._recipients.manager(owner, doer)
        if manager is not None and self._away_until(manager) is None:
            return self._of_person(manager)
        if channel := self._recipients.channel(owner):
            return Mailbox(
                place=Place(channel=channel),
                language=self._recipients.channel_language(owner),
                working=self._sending.time.working_time(self._sending.now),
            )
        others = [one for one in self._admins if doer is None or one.id != doer.id]
        here = [one for one in others if self._away_until(one) is None]
        reader = next(iter([*here, *([manager] if manager else []), *others]), None)
        return self._of_person(reader) if reader is not None else None

    def _of_person(self, person: Person) -> Mailbox:
        return Mailbox(
            place=Place(person_id=person.id),
            language=self._recipients.language(person),
            working=self._working[person.id or 0],
        )
