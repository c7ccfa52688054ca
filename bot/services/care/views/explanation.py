"""Why a customer is owed each step of care, when it is due, what became of it, and why others are not due or not owed.

Steps and days come from planning itself (`bot.services.care.owed_care`), so what is said here is what happens.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.birthdays import read_birthday
from bot.clock import local_date
from bot.errors import N_, NotFound, Phrase
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.care import owed_care
from bot.services.care.birthdays import person_of
from bot.services.care.conditions import Traits
from bot.services.care.dues import NotDue, OwedStep, people_to_greet
from bot.services.care.owed_care import CALENDAR, Loaded, OwedCare
from bot.services.care.plan import CareOf, CarePlan, Escalation, FollowUp, Greeting, Step
from bot.services.care.plan_versions.care_plans import CarePlans
from bot.services.care.schedule import CareRules
from bot.services.care.views.planned import PlannedStep, steps_after
from db.book import contact_people, people
from db.book.contact_people import ContactPerson
from db.care import listed_touches
from db.care.listed_touches import LastContact, SentAbout
from db.care.touches import OPEN, Touch
from db.outbox.messages import MessageState
from grading.scheme.model import Name


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A message about a step: in which role, to whom or to which channel, when it was written, and when it was sent or why not."""

    role: str
    to: str
    at: datetime | None
    written: datetime
    state: str
    why: str | None


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How an occurrence of a step ended."""

    step: str
    names: Name
    occasion: str
    person: str | None  # whose birthday it was
    due_on: date
    state: str
    reason: str | None
    at: datetime | None
    by: str | None
    contact: LastContact | None  # that fulfilled it
    sent: tuple[Sent, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CountedFrom:
    """What the due day is counted from: a contact, the day of an occasion or another day; nothing without a contact."""

    day: date | None
    contact: LastContact | None


@dataclass(frozen=True, kw_only=True)
class OwedNow:
    """A step that the customer is owed: due on days, or why it has none."""

    step: Step
    occasion: str
    person: str | None  # whose birthday it is
    rule: Phrase | None  # by which their birthday is kept
    people: tuple[str, ...]  # the contact people whom it greets on the occasion
    because: Traits | None  # the condition by which it is owed; None: it is a step of the tier
    why_not: NotDue | None
    clock: CountedFrom | None
    due_on: date | None
    latest_on: date | None
    estimated: bool
    state: str | None  # of its open touch; None when the next planning adds it
    next_at: datetime | None  # when it is shown the next time
    who: str
    assignee: str | None
    escalation: Escalation
    manager_on: date | None
    group_on: date | None
    escalated: int
    sent: tuple[Sent, ...]
    last: Ended | None


class NotOwed(StrEnum):
    """Why a step of the plan is not owed."""

    CONDITION = "condition"  # the customer does not meet the condition of the steps
    REPLACED = "replaced"  # other steps stand in the place of those of the tier
    COUNTRY = "country"  # the occasion is not one of the customer's country


@dataclass(frozen=True, kw_only=True)
class StepNotOwed:
    """A step that the customer is not owed, and why."""

    step: Step
    why: NotOwed
    occasion: str = ""
    condition: Traits | None = None


@dataclass(frozen=True, kw_only=True)
class CareExplanation:
    """Everything about the care of one customer."""

    code: str
    customer: str
    country: str | None
    owner: str | None
    today: date
    tier: str
    scheme: str | None
    plan: str | None  # None: no plan is for its scheme
    plan_version: int | None
    blocked: bool
    owed: tuple[OwedNow, ...]
    not_owed: tuple[StepNotOwed, ...]
    superseded: tuple[Ended, ...]  # the newest of each step that is not owed any more


def explain(
    session: Session, actor: Actor, rules: CareRules, customer_id: int, now: datetime
) -> CareExplanation:
    """The care of a customer that the actor may see, in a fixed number of queries.

    Raises NotFound for a customer without a tier.
    """
    customer = access.customer_for(session, actor, Act.SEE, customer_id)
    loaded = owed_care.load(session, rules.plans, rules.times, [customer.id], now)
    if not loaded:
        raise NotFound(
            N_("%(customer)s has no tier yet, so no care plan applies. See: tierbot tier %(code)s"),
            customer=customer.name,
            code=customer.code,
        )
    owed = loaded[0].owed
    (planned,) = steps_after(session, [loaded], [customer.id], now)
    history = _History(session, rules.plans, customer.id, rules.zone)
    steps = tuple(_owed_now(loaded[0], one, planned, history) for one in owed.steps)
    keys = {(one.step.id, one.occasion) for one in owed.steps}
    return CareExplanation(
        code=customer.code,
        customer=customer.name,
        country=owed.customer.country,
        owner=history.person(customer.owner_id),
        today=owed.today,
        tier=owed.customer.tier,
        scheme=owed.customer.scheme,
        plan=owed.plan.plan if owed.plan else None,
        plan_version=owed.plan.version if owed.plan else None,
        blocked=owed.is_blocked,
        owed=steps,
        not_owed=tuple(_not_owed(owed)),
        superseded=tuple(history.superseded(keys)),
    )


class _History:
    """The touches of a customer, the messages about them, and its contacts."""

    def __init__(self, session: Session, plans: CarePlans, customer_id: int, zone: ZoneInfo) -> None:
        self._plans = plans
        self._touches = listed_touches.of_customer(session, customer_id)
        self._contacts = listed_touches.newest_contacts(session, customer_id)
        self._zone = zone
        self._sent: dict[int, list[Sent]] = {}
        self._shown: dict[int, datetime] = {}  # touch -> its first message
        for message in listed_touches.messages_about(session, customer_id):
            self._sent.setdefault(message.touch_id, []).append(_sent(message))
            self._shown.setdefault(message.touch_id, message.created_at)
        self._people = people.everybody(session)
        self.contact_people = {one.id: one for one in contact_people.of_customer(session, customer_id)}

    def person(self, person_id: int | None) -> str | None:
        found = self._people.get(person_id or 0)
        return found.name if found else None

    def birthday_of(self, occasion: str) -> ContactPerson | None:
        """The contact person whose birthday an occasion is."""
        return self.contact_people.get(person_of(occasion))

    def open(self, key: tuple[str, str]) -> Touch | None:
        """The open touch of a step and occasion."""
        return next((one for one in self._of(key) if one.state in OPEN), None)

    def last(self, key: tuple[str, str]) -> Ended | None:
        """The newest occurrence that ended."""
        ended = [one for one in self._of(key) if one.state not in OPEN]
        return self._ended(ended[-1]) if ended else None

    def superseded(self, owed: set[tuple[str, str]]) -> Iterator[Ended]:
        """The newest touch of each step and occasion that is not owed any more."""
        newest = {(one.step, one.occasion): one for one in self._touches}
        for key, touch in sorted(newest.items()):
            if key not in owed:
                yield self._ended(touch)

    def contact(self, kinds: Iterable[str], day: date) -> LastContact | None:
        """The newest contact of one of these kinds on a day."""
        wanted = set(kinds)
        return next((one for one in self._contacts if one.day == day and one.kind in wanted), None)

    def begun_on(self, touch: Touch | None, today: date) -> date:
        """The day on which a step was shown first, or else added."""
        if touch is None:
            return today
        shown = self._shown.get(touch.id or 0, touch.created_at)
        return local_date(shown, self._zone)

    def sent(self, touch: Touch | None) -> tuple[Sent, ...]:
        return tuple(self._sent.get(touch.id or 0, ())) if touch else ()

    def _of(self, key: tuple[str, str]) -> list[Touch]:
        return [one for one in self._touches if (one.step, one.occasion) == key]

    def _ended(self, touch: Touch) -> Ended:
        person = self.birthday_of(touch.occasion)
        return Ended(
            step=touch.step,
            names=self._plans.step_name(touch.plan, touch.tier, touch.step),
            occasion=touch.occasion,
            person=person.name if person else None,
            due_on=touch.due_on,
            state=touch.state,
            reason=touch.reason,
            at=touch.closed_at,
            by=self.person(touch.closed_by),
            contact=next((one for one in self._contacts if one.id == touch.activity_id), None),
            sent=self.sent(touch),
        )


def _owed_now(
    loaded: Loaded,
    one: OwedStep,
    planned: Mapping[tuple[int, str, str], PlannedStep],
    history: _History,
) -> OwedNow:
    owed, person = loaded.owed, history.birthday_of(one.occasion)
    key = (one.step.id, one.occasion)
    row, touch = planned.get((owed.customer.customer_id, *key)), history.open(key)
    # Without a plan only the follow-up of a low survey score is owed.
    escalation = owed.plan.escalation_of(owed.customer.tier, one.step) if owed.plan else Escalation()
    latest = row.latest_on if row else None
    # A person had it before them for a day before others are told.
    late = max(latest, history.begun_on(touch, owed.today)) if latest else None
    return OwedNow(
        step=one.step,
        occasion=one.occasion,
        person=person.name if person else None,
        rule=read_birthday(person.birthday).rule(owed.today) if person and person.birthday else None,
        people=tuple(_greeted(loaded, one, history)),
        because=_condition(owed.plan, one.step) if owed.plan else None,
        # Planning does not open an occurrence again that was answered.
        why_not=NotDue.ANSWERED if one.due and row is None else one.why,
        clock=_clock(one, history) if one.due else None,
        due_on=row.due_on if row else None,
        latest_on=latest,
        estimated=bool(one.due and one.due.estimated),
        state=touch.state if touch else None,
        next_at=row.remind_at if row else None,
        who=one.step.who,
        assignee=history.person(row.assignee_id) if row else None,
        escalation=escalation,
        manager_on=_after(late, escalation.manager_days),
        group_on=_after(late, escalation.group_days),
        escalated=touch.escalated if touch else 0,
        sent=history.sent(touch),
        last=history.last(key),
    )


def _greeted(loaded: Loaded, one: OwedStep, history: _History) -> Iterator[str]:
    """The names of the contact people whom a step greets on its occasion."""
    known, owed = loaded.known, loaded.owed
    if not isinstance(one.step, Greeting) or one.due is None or owed.plan is None:
        return
    steps = owed.plan.steps(owed.care_of)
    for number in people_to_greet(
        *(steps, one.step.id, one.occasion, one.due.latest, known.people, known.country, CALENDAR)
    ):
        yield history.contact_people[number].name


def _after(day: date | None, days: int | None) -> date | None:
    """The first day after so many days."""
    return None if day is None or days is None else day + timedelta(days=days + 1)


def _clock(one: OwedStep, history: _History) -> CountedFrom:
    assert one.due is not None
    step, day = one.step, one.due.anchor
    kinds = step.after if isinstance(step, FollowUp) else step.fulfilled_by
    return CountedFrom(day=day, contact=history.contact(kinds, day) if day else None)


def _condition(plan: CarePlan, step: Step) -> Traits | None:
    """The condition of the `also` block that a step is from."""
    return next((also.when for also in plan.also if any(step is one for one in also.steps)), None)


def _not_owed(owed: OwedCare) -> Iterator[StepNotOwed]:
    """The steps of the customer's tier, and those with conditions, that it is not owed; a blocked one is owed none."""
    plan, tier = owed.plan, owed.customer.tier
    if plan is None or owed.is_blocked:
        return
    given = {(one.step.id, one.occasion) for one in owed.steps}
    ids = {step_id for step_id, _ in given}
    for step in plan.steps(CareOf(tier=tier, scheme=owed.customer.scheme, traits={})):
        if step.id not in ids:
            yield StepNotOwed(step=step, why=NotOwed.REPLACED)
        elif isinstance(step, Greeting):
            yield from _occasions_of_others(step, given)
    for also in plan.also:
        for step in also.steps:
            if step.id not in ids:
                yield StepNotOwed(step=step, why=NotOwed.CONDITION, condition=also.when)
            elif isinstance(step, Greeting):
                yield from _occasions_of_others(step, given)


def _occasions_of_others(step: Greeting, given: set[tuple[str, str]]) -> Iterator[StepNotOwed]:
    for one in step.occasions:
        occasion = one if isinstance(one, str) else one.id
        if (step.id, occasion) not in given:
            yield StepNotOwed(step=step, occasion=occasion, why=NotOwed.COUNTRY)


def _sent(message: SentAbout) -> Sent:
    sent = message.slack_ts is not None and message.state == MessageState.SENT
    return Sent(
        role=message.role,
        to=message.recipient or message.channel or "-",
        at=datetime.fromtimestamp(float(message.slack_ts or 0), UTC) if sent else None,
        written=message.created_at,
        state=message.state,
        why=message.error,
    )
