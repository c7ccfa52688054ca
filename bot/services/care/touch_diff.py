"""What a customer is owed compared with its open touches: the rows to add and those to change."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from bot.clock import local_date
from bot.services.care.dues import LATE, OPEN_AFTER, SAME, Due, Known, NotDue, OwedStep, greeted
from bot.services.care.plan import Anniversary, BirthdayStep, CarePlan, Doer, FollowUp, Greeting, Step
from bot.services.care.working_time import WorkingTime
from db.care.planning import OpenTouch, PlannedCustomer
from db.care.touches import StepKind, TouchState
from grading.scheme import model

DAY = timedelta(days=1)
NOT_OF_TIER = "not a step of this tier"
NOT_IN_PLAN = "not in the plan any more"
NOT_ITS_OCCASION = "not an occasion of this customer any more"
NO_LONGER_DUE = "no longer due"
CONTACT_LOGGED = "contact logged"
NOT_GREETED = "the contact person is not greeted on their birthday any more"
SCORE_TAKEN_BACK = "the low survey score was taken back"
DAY_IS_PAST = "the holiday is past"
YEAR_IS_PAST = "the next one is due"


def greeting_morning(working: WorkingTime, on: date, latest: date, now: datetime) -> datetime:
    """The last working morning on or before the planned day; else the first to come until the day itself."""
    before = working.morning(working.last_working_day(on))
    if before > now:
        return before
    at = working.next_morning(on, now)
    if local_date(at, working.zone) <= latest:
        return at
    return max(working.morning(latest), now)


class Mornings:
    """When steps are shown to a person; computed once for each day."""

    def __init__(self, working: WorkingTime, now: datetime) -> None:
        self.working = working
        self._now = now
        self._known: dict[tuple[bool, bool, date, date], datetime] = {}

    def of(self, step: Step, on: date, latest: date) -> datetime:
        """The morning on which a step with this window is shown first."""
        if not isinstance(step, BirthdayStep):
            return self._of(step, on, latest, is_greeting=isinstance(step, Greeting))
        begins = on - timedelta(days=step.soon_days)
        return min(
            self._of(step, begins, latest, is_greeting=False), self._of(step, on, latest, is_greeting=True)
        )

    def of_day(self, step: BirthdayStep, on: date, latest: date) -> datetime:
        """The morning on which a birthday is greeted, after it was said to be coming up."""
        return self._of(step, on, latest, is_greeting=True)

    def _of(self, step: Step, on: date, latest: date, *, is_greeting: bool) -> datetime:
        is_owners = step.who == Doer.OWNER
        key = is_greeting, is_owners, on, latest
        if key not in self._known:
            find = greeting_morning if is_greeting else _morning
            working = self.working if is_owners else replace(self.working, days_off=())
            self._known[key] = find(working, on, latest, self._now)
        return self._known[key]


def _morning(working: WorkingTime, on: date, latest: date, now: datetime) -> datetime:
    """The first working morning to come from the day on; one before it when the window would be left."""
    at = working.next_morning(on, now)
    if local_date(at, working.zone) > latest:
        before = working.morning(working.last_working_day(latest))
        return before if before > now else at
    return at


class Fulfilment(NamedTuple):
    """A touch that a contact fulfilled, and where to find that contact."""

    touch: OpenTouch
    kinds: tuple[str, ...]
    day: date


class OtherOccurrence(NamedTuple):
    """A touch that becomes another occurrence, when that has no row yet."""

    touch: OpenTouch
    values: dict[str, Any]
    row: dict[str, Any]  # to add instead, when it has one that may be opened again


@dataclass(kw_only=True)
class Changes:
    """What planning some customers changes."""

    new: list[dict[str, Any]] = field(default_factory=list)
    changed: list[tuple[OpenTouch, dict[str, Any]]] = field(default_factory=list)
    fulfilled: list[Fulfilment] = field(default_factory=list)
    moved: list[OtherOccurrence] = field(default_factory=list)

    def extend(self, others: "Changes") -> None:
        """Add the changes of another customer."""
        self.new += others.new
        self.changed += others.changed
        self.fulfilled += others.fulfilled
        self.moved += others.moved


@dataclass(frozen=True, kw_only=True)
class TouchDiff:
    """One customer, its plan and its open touches by step and occasion."""

    customer: PlannedCustomer
    known: Known
    plan: CarePlan | None
    present: Mapping[tuple[str, str], OpenTouch]
    mornings: Mornings
    now: datetime

    def into(self, changes: Changes, owed: Sequence[OwedStep]) -> None:
        """Add what has to change."""
        wanted = {(one.step.id, one.occasion): one for one in owed}
        present = self._by_occasion(owed)
        for key, touch in present.items():
            if key not in wanted:
                self._supersede(changes, touch, owed)
        days: dict[str, list[date]] = {}
        for one in owed:
            if one.due is not None and one.due.occasion:
                days.setdefault(one.step.id, []).append(one.due.latest)
        for key, one in wanted.items():
            existing = present.get(key)
            if existing is not None:
                self._compare(changes, one, existing, days.get(one.step.id, ()))
            elif one.due is not None:
                changes.new.append(self._row(one.step, one.due))

    def _by_occasion(self, owed: Sequence[OwedStep]) -> dict[tuple[str, str], OpenTouch]:
        """The open touches by step and occasion; a greeting of an earlier version, which names none, by its day."""
        occasions = {
            (one.step.id, one.due.anchor): one.occasion
            for one in owed
            if one.due is not None and one.occasion
        }
        found: dict[tuple[str, str], OpenTouch] = {}
        for (step, occasion), touch in self.present.items():
            named = step, occasion or occasions.get((step, touch.anchor), "")
            found[(step, occasion) if named in self.present else named] = touch
        return found

    def _supersede(self, changes: Changes, touch: OpenTouch, owed: Sequence[OwedStep]) -> None:
        occasional = touch.kind in (StepKind.GREETING, StepKind.BIRTHDAY)
        if touch.kind == StepKind.LOW_SCORE:
            reason = NOT_OF_TIER if self.customer.tier == model.BLOCKED else SCORE_TAKEN_BACK
        elif occasional and any(one.step.id == touch.step for one in owed):
            reason = NOT_GREETED if touch.kind == StepKind.BIRTHDAY else NOT_ITS_OCCASION
        elif self.plan is not None and touch.step in self.plan.step_ids:
            reason = NOT_OF_TIER
        else:
            reason = NOT_IN_PLAN
        self._close(changes, touch, TouchState.CANCELLED, reason)

    def _compare(self, changes: Changes, one: OwedStep, existing: OpenTouch, days: Iterable[date]) -> None:
        step, due = one.step, one.due
        contact = self._fulfilling(step, existing, days)
        if contact is not None and (due is None or not self._is_early(existing, contact)):
            changes.fulfilled.append(Fulfilment(existing, step.fulfilled_by, contact))
        elif self._is_missed(step, existing, due):
            reason = DAY_IS_PAST if isinstance(step, Greeting | BirthdayStep) else YEAR_IS_PAST
            self._close(changes, existing, TouchState.MISSED, reason)
        elif due is None:
            if one.why == NotDue.NO_DATE or self._lost_its_contact(step, existing):
                self._close(changes, existing, TouchState.CANCELLED, NO_LONGER_DUE)
            elif one.why == NotDue.OVERLAPS and existing.state == TouchState.PLANNED:
                self._close(changes, existing, TouchState.CANCELLED, NOT_ITS_OCCASION)
            return
        else:
            self._adjust(changes, step, existing, due)
            return
        if due is not None and due.key != existing.dedupe_key:
            changes.new.append(self._row(step, due))

    def _fulfilling(self, step: Step, existing: OpenTouch, days: Iterable[date]) -> date | None:
        """The day of a contact that fulfils an open touch."""
        if isinstance(step, BirthdayStep):
            return None  # no contact on record says which person it greeted
        anchor, last = existing.anchor, self.known.last(step.fulfilled_by)
        if last is None:
            return None
        if isinstance(step, Greeting):
            return None if anchor is None else greeted(step, anchor, self.known, days)
        if isinstance(step, Anniversary):
            begins = existing.due_on if anchor is None else anchor - timedelta(days=step.days_before)
            return last if last >= begins else None
        if anchor is None:
            created = local_date(existing.created_at, self.mornings.working.zone)
            return last if last >= created else None
        return last if last > anchor else None

    def _lost_its_contact(self, step: Step, existing: OpenTouch) -> bool:
        """Whether the contact that a follow-up comes back to was taken back."""
        return isinstance(step, FollowUp) and existing.anchor != self.known.last(step.after)

    def _is_early(self, existing: OpenTouch, contact: date) -> bool:
        """Whether a contact came before the step was due: it only restarts the clock."""
        return existing.state == TouchState.PLANNED and contact < existing.due_on

    def _is_missed(self, step: Step, existing: OpenTouch, due: Due | None) -> bool:
        if existing.anchor is None:
            return False
        if isinstance(step, Greeting | BirthdayStep):
            open_for = LATE if existing.state == TouchState.PLANNED else OPEN_AFTER
            return existing.anchor + open_for < self.known.today
        if isinstance(step, Anniversary) and due is not None and due.anchor is not None:
            return existing.anchor + SAME < due.anchor and due.on <= self.known.today
        return False

    def _adjust(self, changes: Changes, step: Step, existing: OpenTouch, due: Due) -> None:
        """Bring an open touch in line: its window, or the occurrence that it is of."""
        on, latest, is_other = due.on, due.latest, due.anchor != existing.anchor
        has_begun = existing.due_on <= self.known.today or existing.state != TouchState.PLANNED
        if is_other and has_begun and _is_of_another_year(step, existing, due):
            # The one of this year still waits for an answer.
            on, latest, is_other = existing.due_on, existing.latest_on or due.latest, False
        elif due.anchor is None and existing.anchor is None:
            # No contact on record: the day stays where it was spread to, or each grading would move it on.
            on = min(existing.due_on, due.on)
            latest = on + (due.latest - due.on)
        values: dict[str, Any] = {
            "plan": self.plan and self.plan.plan,
            "tier": self.customer.tier,
            "kind": str(step.kind),
            "who": str(step.who),
            "occasion": due.occasion,
            "due_on": on,
            "latest_on": latest,
        }
        if is_other:
            values |= {"anchor": due.anchor, "dedupe_key": due.key}
            is_other = due.key != existing.dedupe_key  # a birthday that was corrected is of the same year
        values |= self._when_shown(step, existing, on, latest)
        values = {name: value for name, value in values.items() if getattr(existing, name) != value}
        if not values:
            return
        if "latest_on" in values and existing.escalated and latest >= self.known.today:
            values["escalated"] = 0  # not late any more: nobody was told that it is
        if is_other:
            changes.moved.append(OtherOccurrence(existing, values, self._row(step, due)))
        else:
            changes.changed.append((existing, values))

    def _when_shown(self, step: Step, existing: OpenTouch, on: date, latest: date) -> dict[str, Any]:
        """When an open touch with this window is shown next. What is due waits for its turn, or for an answer."""
        if existing.state == TouchState.PLANNED and on <= self.known.today < existing.due_on:
            return {"remind_at": self.mornings.of(step, on, latest)}  # another tier or plan made it due
        if on <= self.known.today or (on == existing.due_on and existing.remind_at <= self.now):
            return {}
        if existing.state == TouchState.PLANNED:
            if isinstance(step, BirthdayStep) and self._is_announced(step, existing, on, latest):
                return {"remind_at": self.mornings.of_day(step, on, latest)}
            return {"remind_at": self.mornings.of(step, on, latest)}
        if on != existing.due_on:
            at = self.mornings.of(step, on, latest)
            if existing.state == TouchState.REMINDED or existing.remind_at < at:
                return {"state": TouchState.PLANNED, "remind_at": at, "escalated": 0}
        return {}

    def _is_announced(self, step: BirthdayStep, existing: OpenTouch, on: date, latest: date) -> bool:
        """Whether a birthday was said to be coming up, and waits for its own day."""
        if on != existing.due_on:
            return False
        zone = self.mornings.working.zone
        greeted_at = self.mornings.of_day(step, on, latest)
        return local_date(existing.remind_at, zone) >= local_date(greeted_at, zone)

    def _row(self, step: Step, due: Due) -> dict[str, Any]:
        return {
            "dedupe_key": due.key,
            "customer_id": self.customer.customer_id,
            "plan": self.plan and self.plan.plan,
            "step": step.id,
            "occasion": due.occasion,
            "kind": str(step.kind),
            "who": str(step.who),
            "tier": self.customer.tier,
            "due_on": due.on,
            "latest_on": due.latest,
            "contact_person_id": due.person_id,
            "anchor": due.anchor,
            "remind_at": self.mornings.of(step, due.on, due.latest),
            "state": TouchState.PLANNED,
            "version": 1,
            "created_at": self.now,
        }

    def _close(self, changes: Changes, touch: OpenTouch, state: TouchState, reason: str) -> None:
        changes.changed.append((touch, {"state": state, "reason": reason, "closed_at": self.now}))


def _is_of_another_year(step: Step, existing: OpenTouch, due: Due) -> bool:
    """Whether an open touch is of an earlier occurrence than the next one of a step that comes once a year.

    A birthday that was greeted stays as it is until somebody has answered, even if the day was corrected since.
    """
    if isinstance(step, BirthdayStep) and existing.state == TouchState.REMINDED:
        return True
    if (
        not isinstance(step, Greeting | BirthdayStep | Anniversary)
        or existing.anchor is None
        or due.anchor is None
    ):
        return False
    return existing.anchor + SAME <= due.anchor
