"""What customers are owed: the plan and the steps of each, with their dates, from what the book knows of it."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

import structlog
from sqlmodel import Session

from bot.clock import local_date, local_instant
from bot.services.care import occasions
from bot.services.care.birthdays import Suiting
from bot.services.care.conditions import PROFILE
from bot.services.care.dues import (
    AGAIN,
    LATE,
    OPEN_AFTER,
    Calendar,
    Known,
    NotDue,
    Over,
    OwedStep,
    steps_due,
)
from bot.services.care.holiday import Holiday
from bot.services.care.occasion_days import OccasionDay
from bot.services.care.plan import (
    LOW_SCORE,
    SINCE,
    Anniversary,
    BirthdayStep,
    CareOf,
    CarePlan,
    Greeting,
    Once,
    Step,
)
from bot.services.care.plan_versions.care_plans import CarePlans
from bot.services.care.touch_diff import Changes, Mornings, TouchDiff
from bot.services.care.working_people import FirmTime, times_asked
from bot.services.care.working_time import WorkingTime
from bot.working_days.countries import code_of
from db.book import traits
from db.care import planning, surveys, touches
from db.care.planning import OpenTouch, PlannedCustomer
from db.graded import runs
from grading.scheme.model import BLOCKED

DAY = timedelta(days=1)
LOOK_AGAIN = timedelta(days=30)  # for the day of an occasion that is not known yet
NEXT_YEAR = timedelta(days=360)

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class OwedCare:
    """What a graded customer is owed."""

    customer: PlannedCustomer
    plan: CarePlan | None  # None: no plan serves the scheme that graded it
    care_of: CareOf  # by what the steps were chosen
    steps: tuple[OwedStep, ...]  # none for a blocked customer
    today: date  # where its owner is

    @property
    def is_blocked(self) -> bool:
        return self.customer.tier == BLOCKED


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A customer with what planning compares."""

    customer: PlannedCustomer
    known: Known
    owed: OwedCare
    mornings: Mornings

    @property
    def by(self) -> tuple[Any, ...]:
        """By what care is planned now: the columns that planning compares with those of the next grading."""
        return self.customer.tier, self.customer.scheme_version_id, self.customer.gates, self.customer.credit

    def compare(
        self, changes: Changes, present: Mapping[tuple[str, str], OpenTouch], now: datetime
    ) -> str | None:
        """Add this customer's changes; when that fails, none of them, and why."""
        own = Changes()
        try:
            TouchDiff(
                customer=self.customer,
                known=self.known,
                plan=self.owed.plan,
                present=present,
                mornings=self.mornings,
                now=now,
            ).into(own, self.owed.steps)
        except Exception as error:
            log.error("care.customer_failed", customer=self.customer.customer_id, exc_info=error)
            return type(error).__name__
        changes.extend(own)
        broken = next((one.step.id for one in self.owed.steps if one.why == NotDue.BROKEN), None)
        return broken and f"step {broken}"

    def state_after(
        self, present: Mapping[tuple[str, str], OpenTouch], trouble: str | None, now: datetime
    ) -> dict[str, Any]:
        """What is kept of the customer: since when steps that come once are owed, and when to look again."""
        since = {}
        for one in self.owed.steps:
            if isinstance(one.step, Once) and trouble is None:
                first = self.known.owed_since.get(one.step.id, self.known.today)
                since[one.step.id] = str(one.due.anchor if one.due is not None else first)
        if trouble is not None:
            return {
                "owed_since": self.customer.owed_since,
                "look_at": now + DAY,
                "trouble": trouble,
            }
        day = min(self._days_of_change(present), default=None)
        return {
            "owed_since": json.dumps(since) if since else None,
            "look_at": None if day is None else local_instant(day, 0, 0, self.mornings.working.zone),
            "trouble": None,
        }

    def _days_of_change(self, present: Mapping[tuple[str, str], OpenTouch]) -> Iterable[date]:
        """The days to come on which time alone changes what is owed."""
        today = self.known.today
        for one in self.owed.steps:
            existing = present.get((one.step.id, one.occasion))
            anchor = existing.anchor if existing is not None else None
            if isinstance(one.step, Greeting | BirthdayStep):
                if one.why in (NotDue.UNKNOWN_DAY, NotDue.OVERLAPS):
                    yield today + LOOK_AGAIN
                elif one.due is not None:
                    last = min(anchor or one.due.latest, one.due.latest)
                    days = (last + open_for + DAY for open_for in (LATE, OPEN_AFTER))
                    yield next((day for day in days if day > today), today + DAY)
            elif isinstance(one.step, Anniversary) and one.due is not None:
                is_next = anchor is not None and anchor != one.due.anchor and one.due.on > today
                yield one.due.on if is_next else one.due.on + NEXT_YEAR
            elif isinstance(one.step, Once) and one.why == NotDue.ANSWERED:
                yield self.known.over[one.step.id, ""].closed_on + AGAIN


def load(
    session: Session, in_force: CarePlans, firm: FirmTime, customer_ids: Sequence[int], now: datetime
) -> list[Loaded]:
    """What planning needs of the graded, unarchived customers among these, in a fixed number of queries."""
    credit = runs.runs_behind(session, runs.Purpose.CREDIT)
    found = planning.planned_customers(session, runs.latest_run_ids(session), credit, customer_ids)
    contacts = touches.last_contacts(session, customer_ids)
    over: dict[int, list[planning.OverRow]] = {}
    for row in planning.over(session, customer_ids):
        over.setdefault(row.customer_id, []).append(row)
    there = planning.contact_people(session, customer_ids)
    low_scores = surveys.low_scores(session, customer_ids)
    fields = {step.of for plan in in_force.plans for step in plan.all_steps if isinstance(step, Anniversary)}
    facts = planning.date_facts(session, fields - {SINCE}, customer_ids)
    owners = {one.owner_id for one in found if one.owner_id is not None}
    times = times_asked(session, owners, firm, now) if owners else {}
    nobodys = firm.working_time(now)
    mornings: dict[int | None, Mornings] = {}
    chosen = _Choice(in_force)
    asked = _profile_fields(in_force)
    known_traits = traits.values_of_many(session, asked, customer_ids) if asked else {}
    loaded = []
    for customer in found:
        number = customer.customer_id
        working = times.get(customer.owner_id or 0, nobodys)
        if customer.owner_id not in mornings:
            mornings[customer.owner_id] = Mornings(working, now)
        mine = mornings[customer.owner_id]
        today = local_date(now, working.zone)
        known = Known(
            customer_id=number,
            country=customer.country,
            today=today,
            soonest=today if working.morning(today) > now else today + DAY,
            graded_on=customer.as_of,
            contacts=contacts.get(number, {}),
            over={(row.step, row.occasion): _over(row, working) for row in over.get(number, ())},
            owed_since=planning.owed_since(customer.owed_since) if customer.owed_since else {},
            dates=_dates(customer, facts.get(number)),
            people=there.get(number, ()),
            low_scores=low_scores.get(number, {}),
        )
        plan, care_of, steps = chosen.of(customer, known_traits.get(number, {}))
        if known.low_scores and customer.tier != BLOCKED:
            steps = [*steps, LOW_SCORE]
        due = tuple(steps_due(steps, known, CALENDAR))
        owed = OwedCare(customer=customer, plan=plan, care_of=care_of, steps=due, today=today)
        loaded.append(Loaded(customer=customer, known=known, owed=owed, mornings=mine))
    return loaded


def _over(row: planning.OverRow, working: WorkingTime) -> Over:
    answered = row.answered_at
    return Over(
        anchor=row.anchor,
        closed_on=local_date(row.closed_at, working.zone),
        answered_on=None if answered is None else local_date(answered, working.zone),
    )


def _dates(customer: PlannedCustomer, facts: Mapping[str, str] | None) -> dict[str, date]:
    """`since`, and the fields of the book that are read as a date."""
    found = {} if customer.since is None else {SINCE: customer.since}
    for name, value in (facts or {}).items():
        try:
            found[name] = date.fromisoformat(value)
        except ValueError:
            continue
    return found


class _Choice:
    """Chooses the plan and the steps of customers; those with the same tier and traits have the same."""

    def __init__(self, in_force: CarePlans) -> None:
        self._in_force = in_force
        self._plans: dict[str | None, CarePlan | None] = {}
        self._conditions: dict[str | None, Sequence[str]] = {}
        self._steps: dict[tuple[Any, ...], tuple[CareOf, Sequence[Step]]] = {}

    def of(
        self, customer: PlannedCustomer, profile: Mapping[str, Collection[str]]
    ) -> tuple[CarePlan | None, CareOf, Sequence[Step]]:
        """The plan of the customer's scheme, by what the steps are chosen, and the steps."""
        scheme = customer.scheme
        if scheme not in self._plans:
            plan = self._plans[scheme] = self._in_force.of_scheme(scheme)
            self._conditions[scheme] = sorted(plan.conditions - {"tier", "scheme"}) if plan else ()
        plan = self._plans[scheme]
        values = [_trait(customer, profile, name) for name in self._conditions[scheme]]
        key = scheme, customer.tier, *values
        if key not in self._steps:
            traits = dict(zip(self._conditions[scheme], values, strict=True))
            care_of = CareOf(tier=customer.tier, scheme=scheme, traits=traits)
            self._steps[key] = care_of, plan.steps(care_of) if plan else ()
        return plan, *self._steps[key]


def _profile_fields(in_force: CarePlans) -> set[str]:
    """The fields of the customer profile that the plans ask for."""
    named = (name for plan in in_force.plans for name in plan.conditions)
    return {name.removeprefix(PROFILE) for name in named if name.startswith(PROFILE)}


def _trait(
    customer: PlannedCustomer, profile: Mapping[str, Collection[str]], condition: str
) -> frozenset[str]:
    """The customer's values of a condition."""
    if condition.startswith(PROFILE):
        return frozenset(map(str.casefold, profile.get(condition.removeprefix(PROFILE), ())))
    if condition == "risk":
        return frozenset(gate.casefold() for gate in json.loads(customer.gates or "{}"))
    value: str | None = getattr(customer, condition)
    if not value:
        return frozenset()
    if condition == "country":
        return frozenset({value.casefold(), (code_of(value) or value).casefold()})
    # A customer has an RFM class and a segment.
    return frozenset(value.casefold().split(",") if condition == "rfm" else {value.casefold()})


def _suiting(step: Greeting, country: str | None) -> Suiting:
    return _suiting_of(step.occasions, country)


@lru_cache(maxsize=5_000)
def _suiting_of(of_step: tuple[str | Holiday, ...], country: str | None) -> Suiting:
    ids = [one for one in of_step if isinstance(one, str)]
    known: list[tuple[str, Holiday | str]] = [(one, one) for one in occasions.suiting(ids, country)]
    own = [one for one in of_step if isinstance(one, Holiday) and one.suits(country)]
    return (*known, *((one.id, one) for one in own))


def _next_day(occasion: Holiday | str, after: date) -> OccasionDay | None:
    if isinstance(occasion, str):
        return occasions.next_day(occasion, after)
    try:
        return OccasionDay(day=occasion.day(after))
    except ValueError:  # the library has another name for it now
        return None


CALENDAR = Calendar(_suiting, _next_day)
