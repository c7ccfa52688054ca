"""From touches to the rows of a digest: what is asked for, how pressing it is, and what has become of it."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.clock import local_date
from bot.services import access
from bot.services.care.digest.levelling import Weight, rank
from bot.services.care.digest.people import birthday_part, call_hours, is_call
from bot.services.care.gifts.hints import ToGive, hints, with_hint
from bot.services.care.gifts.suggestions import BIRTHDAY
from bot.services.care.plan import Step
from bot.services.care.promises.rows import asked_in_steps
from bot.services.care.schedule import CareRules
from bot.services.schemes.store import TierNames
from bot.wording.care.complaints import ComplaintRow
from bot.wording.care.digest import MOST_ROWS, CareDigest, CareRow
from bot.wording.care.promises import PromiseRow
from bot.wording.parts import Who
from bot.wording.service_parts import ServicePromise
from db.book import contact_people, customers, facts, people
from db.book.contact_people import ContactPerson
from db.book.customers import Customer
from db.care import due_touches, marks, touches
from db.care.touches import StepKind, Touch, TouchState
from db.graded import runs, tier_rows
from db.graded.tier_rows import PastTier, TierRow

OVERDUE, DUE, SOON = SECTIONS = ("overdue", "due", "soon")


@dataclass(frozen=True, kw_only=True)
class RowReader:
    """Who reads rows (None: a channel) and for whom, on which day, in whose time, and who did what may be taken back."""

    rules: CareRules
    book: TierNames
    reader: int | None
    day: date
    zone: ZoneInfo
    acts_for: Collection[int] = ()
    undoable: Mapping[int, int | None] = field(default_factory=dict)  # touch -> person


@dataclass(frozen=True, kw_only=True)
class PlacedRow:
    """A row, its touch, and the key of its place: what comes first has the smallest."""

    row: CareRow
    touch: Touch
    key: tuple[float, ...]


class Ranking:
    """How pressing touches are: their tiers and scores, read once for all of them."""

    def __init__(self, session: Session, reading: RowReader, found: Sequence[Touch]) -> None:
        self._reading = reading
        ids = sorted({touch.customer_id for touch in found})
        behind = runs.latest_run_ids(session)
        self._tiers = {row.customer_id: row for row in tier_rows.tier_rows(session, behind, customer_ids=ids)}
        self._past = tier_rows.past_tiers(session, customer_ids=ids)
        # While no plan asks for a trait nothing computes them, and those that are stored are old.
        plans = reading.rules.plans.plans
        is_known = any(not plan.conditions.isdisjoint(marks.TRAITS) for plan in plans)
        self._silent = marks.with_lifecycle(session, ids, ("silent", "lost")) if is_known else set[int]()

    def of(self, touch: Touch) -> tuple[tuple[float, ...], tuple[str, ...]]:
        """(A key that sorts what comes first to the front, the reasons for the place besides tier and limit)."""
        now: TierRow | None = self._tiers.get(touch.customer_id)
        past: PastTier | None = self._past.get(touch.customer_id)
        return rank(
            Weight(
                over=days_over(touch, self._reading.day),
                tier=self._reading.book.rank(touch.tier),
                score=now.score if now else None,
                score_before=past.score if past else None,
                pending_fall=bool(now and now.falling_since),
                silent=touch.customer_id in self._silent,
            )
        )

    def promise(self, touch: Touch) -> ServicePromise | None:
        """What the present tier of the touch's customer is promised."""
        now: TierRow | None = self._tiers.get(touch.customer_id)
        return now and self._reading.book.promise(now.tier, now.scheme_version_id)


def days_over(touch: Touch, day: date) -> int:
    """How many days the limit of a touch is past."""
    return max(0, (day - (touch.latest_on or touch.due_on)).days)


def rows_of(
    session: Session, reading: RowReader, found: Sequence[Touch], ranking: Ranking | None = None
) -> list[PlacedRow]:
    """The rows of touches in their order; those of customers that are gone are left out."""
    return _RowMaker(session, reading, found, ranking or Ranking(session, reading, found)).all()


def redraw(session: Session, reading: RowReader, rows: Sequence[CareRow]) -> list[CareRow]:
    """Rows that were shown before, as they have to be now; those whose touch or customer is gone are left out."""
    known = {touch.id: touch for touch in due_touches.load(session, [row.touch_id for row in rows])}
    outcomes = Outcomes(session, reading, list(known.values()))
    asking = {row.customer_id for row in rows if row.kind == StepKind.FOLLOW_UP}
    promised = asked_in_steps(session, asking, reading.day)
    return [
        replace(
            _opened(row, touch, reading.day),
            promises=promised.get(row.customer_id, ()) if row.kind == StepKind.FOLLOW_UP else (),
            **(outcomes.of(touch) or _put_off(row, touch, reading.day)),
        )
        for row in rows
        if (touch := known.get(row.touch_id)) is not None and touch.customer_id in outcomes.customers
    ]


def _opened(row: CareRow, touch: Touch, day: date) -> CareRow:
    """A row as if nothing had become of it yet, with the days that its touch has now."""
    nothing: dict[str, Any] = dict.fromkeys(("by", "done_as", "until", "to", "next_due"))
    return replace(
        row,
        state="open",
        may_undo=False,
        version=touch.version,
        due_on=touch.due_on,
        latest_on=touch.latest_on,
        **_to_limit(touch, day),
        **nothing,
    )


def _to_limit(touch: Touch, day: date) -> dict[str, Any]:
    """The days past the limit of a touch, and those until it."""
    left = max(0, (touch.latest_on - day).days) if touch.latest_on else None
    return {"over": days_over(touch, day), "left": left}


def _put_off(row: CareRow, touch: Touch, day: date) -> dict[str, Any]:
    """What a row says that was due, and is not any more because the tier, the plan or the contacts changed."""
    if row.section == SOON or touch.state != TouchState.PLANNED or touch.due_on <= day:
        return {}
    return {"state": "put_off", "next_due": touch.due_on}


def digest_of(
    rows: Sequence[PlacedRow],
    *,
    day: date,
    unread: int = 0,
    start: int = 0,
    complaints: tuple[ComplaintRow, ...] = (),
    promises: tuple[PromiseRow, ...] = (),
    announced: Collection[int] = (),
    **more: Any,
) -> CareDigest:
    """A digest of rows: those that are shown, and how many there are of each kind. `unread` more are due.

    The touches in `announced` are said once: up to half of the places are theirs, however much is more pressing.
    """
    ordered, room = grouped(rows), MOST_ROWS - len(complaints) - len(promises)
    shown = ordered[start : start + room]
    left_out = [row for row in ordered[start + room :] if row.touch_id in announced][: room // 2]
    shown = [*shown[: room - len(left_out)], *left_out]
    still_open = [row for row in ordered if row.is_open]
    counts = Counter(row.section for row in still_open)
    end = start + len(shown)
    return CareDigest(
        day=day,
        rows=tuple(shown),
        more=len(ordered) - end + unread,
        next_place=end,
        minutes=sum(row.minutes or 0 for row in still_open if row.section != SOON),
        overdue=counts[OVERDUE],
        due=counts[DUE] + unread,
        soon=counts[SOON],
        complaints=complaints,
        promises=promises,
        **more,
    )


def grouped(rows: Sequence[PlacedRow]) -> list[CareRow]:
    """Section by section, the rows of a customer together, best first."""
    best: dict[tuple[str, int], tuple[float, ...]] = {}
    for one in rows:
        group = (one.row.section, one.row.customer_id)
        best[group] = min(best.get(group, one.key), one.key)

    def place(one: PlacedRow) -> tuple[Any, ...]:
        section, customer = one.row.section, one.row.customer_id
        return SECTIONS.index(section), best[section, customer], customer, one.key, one.row.touch_id

    ordered = [one.row for one in sorted(rows, key=place)]
    # What a tier is promised stands once in a message: on all rows of a long list it hides what is due.
    first = {row.service: row.touch_id for row in reversed(ordered)}
    return [row if first[row.service] == row.touch_id else replace(row, service=None) for row in ordered]


class Outcomes:
    """What has become of touches: what that needs is read once for all of them."""

    def __init__(self, session: Session, reading: RowReader, found: Sequence[Touch]) -> None:
        self.reading = reading
        ids = sorted({touch.customer_id for touch in found})
        self.customers = customers.get_many(session, ids)
        self.owners = customers.owner_ids(session, ids)
        who = {one for touch in found for one in (touch.closed_by, touch.assignee_id)}
        who |= {*self.owners.values(), *reading.undoable.values()}
        self.people = people.get_many(session, {one for one in who if one})
        done = [touch for touch in found if touch.state == TouchState.DONE]
        contacts = [touch.activity_id for touch in done if touch.activity_id is not None]
        self.contacts = facts.kinds_of(session, contacts) if contacts else {}
        self.following = (
            touches.open_steps(session, sorted({touch.customer_id for touch in done})) if done else []
        )

    def of(self, touch: Touch) -> dict[str, Any]:
        """The fields of a row that say what has become of its touch; none for one that is to be done."""
        reading, touch_id = self.reading, touch.id or 0
        by = self.who(touch.closed_by or reading.undoable.get(touch_id))
        own = reading.reader in (None, reading.undoable.get(touch_id))
        fields: dict[str, Any] = {"by": by, "may_undo": touch_id in reading.undoable and own}
        if touch.state == TouchState.DONE:
            same = (touch.customer_id, touch.step)
            following = (due for customer, _, _, step, due, _ in self.following if (customer, step) == same)
            kind, next_due = self.contacts.get(touch.activity_id or 0), next(following, None)
            if next_due is not None and next_due < reading.day:
                next_due = None  # it is due already, and has a row of its own
            return fields | {"state": "done", "done_as": kind, "next_due": next_due}
        if touch.state == TouchState.SKIPPED:
            return fields | {"state": "skipped"}
        if touch.state not in touches.OPEN or self.customers[touch.customer_id].archived:
            return {"state": "over"}
        if reading.reader is not None and touch.assignee_id not in (None, reading.reader, *reading.acts_for):
            return fields | {"state": "reassigned", "to": self.who(touch.assignee_id)}
        until = local_date(touch.remind_at, reading.zone)
        if touch.state == TouchState.SNOOZED and until > reading.day:
            return fields | {"state": "snoozed", "until": until}
        return {}

    def who(self, person_id: int | None) -> Who | None:
        person = self.people.get(person_id or 0)
        return access.mentioned(person)


class _RowMaker:
    """What the rows of some touches need, read once for all of them."""

    def __init__(
        self, session: Session, reading: RowReader, found: Sequence[Touch], ranking: Ranking
    ) -> None:
        self.reading, self.found, self.ranking = reading, found, ranking
        self.outcomes = Outcomes(session, reading, found)
        self.shown = due_touches.times_shown(session, [touch.id or 0 for touch in found], reading.zone)
        self.steps = {
            touch.id: reading.rules.plans.step(touch.plan, touch.tier, touch.step) for touch in found
        }
        asked = {
            touch.customer_id
            for touch in found
            if touch.contact_person_id is not None or is_call(self.steps[touch.id])
        }
        self.contact_people = contact_people.of_customers(session, asked) if asked else {}
        self.gifts = hints(session, reading.rules, self._birthdays(), reading.day, self._readers())
        follow_ups = {touch.customer_id for touch in found if touch.kind == StepKind.FOLLOW_UP}
        self.promised = asked_in_steps(session, follow_ups, reading.day)

    def all(self) -> list[PlacedRow]:
        return [
            self._placed(touch, customer)
            for touch in self.found
            if (customer := self.outcomes.customers.get(touch.customer_id)) is not None
            and (touch.contact_person_id is None or self._person(touch) is not None)
        ]

    def _birthdays(self) -> list[ToGive]:
        """The contact people whose birthdays are shown to somebody; in a channel nothing is said of gifts."""
        known, is_channel = self.outcomes.customers, self.reading.reader is None
        return [
            ToGive(person=person, customer=known[touch.customer_id], tier=touch.tier, occasion=BIRTHDAY)
            for touch in self.found
            if not is_channel and touch.customer_id in known and (person := self._person(touch)) is not None
        ]

    def _readers(self) -> set[int]:
        return {self.reading.reader or 0, *self.reading.acts_for}

    def _person(self, touch: Touch) -> ContactPerson | None:
        """Whose birthday a touch is; None of other touches, and when they were removed."""
        there = self.contact_people.get(touch.customer_id, [])
        return next((one for one in there if one.id == touch.contact_person_id), None)

    def _placed(self, touch: Touch, customer: Customer) -> PlacedRow:
        reading = self.reading
        step = self.steps[touch.id]
        there, person = self.contact_people.get(touch.customer_id, []), self._person(touch)
        to_limit = _to_limit(touch, reading.day)
        over: int = to_limit["over"]
        key, reasons = self.ranking.of(touch)
        times, first = self.shown.get(touch.id or 0, (0, None))
        owner = self.outcomes.owners.get(touch.customer_id)
        row = CareRow(
            touch_id=touch.id or 0,
            version=touch.version,
            customer_id=touch.customer_id,
            name=customer.name,
            code=customer.code,
            tier=reading.book.tier(touch.tier),
            section=OVERDUE if over else DUE if touch.due_on <= reading.day else SOON,
            step=reading.rules.plans.step_name(touch.plan, touch.tier, touch.step),
            kind=touch.kind,
            hint=step.hint if step else None,
            what=step.what if step else None,
            options=_options(step),
            due_on=touch.due_on,
            latest_on=touch.latest_on,
            **to_limit,
            reminded=times,
            since=first,
            reasons=reasons,
            minutes=step.minutes if step else None,
            owner=self.outcomes.who(owner) if owner != reading.reader else None,
            person=None if person is None else with_hint(birthday_part(person), self.gifts),
            hours=call_hours(there, reading.day, reading.zone) if is_call(step) else (),
            service=self.ranking.promise(touch),
            promises=self.promised.get(customer.id or 0, ()) if touch.kind == StepKind.FOLLOW_UP else (),
            **self.outcomes.of(touch),
        )
        return PlacedRow(row=row, touch=touch, key=key)


def _options(step: Step | None) -> tuple[str, ...]:
    """The kinds of contact that fulfil a step, the one that it asks for first."""
    kinds = tuple(step.fulfilled_by) if step else ()
    return tuple(sorted(kinds, key=lambda kind: kind != step.what)) if step else kinds
