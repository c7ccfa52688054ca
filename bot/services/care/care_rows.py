"""From touches to the rows of a digest: what is asked for, how pressing it is, and what has become of it."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.clock import local_date
from bot.services.care.levelling import Weight, rank
from bot.services.care.plan import Step
from bot.services.care.schedule import CareRules
from bot.services.schemes.store import TierNames
from bot.wording.care import MOST_ROWS, CareDigest, CareRow
from bot.wording.parts import Who
from db.book import customers, facts, people
from db.book.customers import Customer
from db.book.people import Person
from db.care import due_touches, touches
from db.care.touches import Touch, TouchState
from db.graded import runs, tier_rows
from db.graded.tier_rows import PastTier, TierRow

OVERDUE, DUE, SOON = SECTIONS = ("overdue", "due", "soon")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Who reads rows (None: a channel) in whose place, on which day, in whose time, and what may be taken back."""

    rules: CareRules
    book: TierNames
    reader: int | None
    day: date
    zone: ZoneInfo
    acts_for: Collection[int] = ()
    undoable: Collection[int] = ()


@dataclass(frozen=True, kw_only=True)
class PlacedRow:
    """A row, its touch, and the key of its place: what comes first has the smallest."""

    row: CareRow
    touch: Touch
    key: tuple[float, ...]


def rows_of(session: Session, reading: Reading, found: Sequence[Touch]) -> list[PlacedRow]:
    """The rows of touches in their order; those of customers that are gone are left out."""
    return _Rows(session, reading, found).all()


def digest_of(rows: Sequence[PlacedRow], *, day: date, unread: int = 0, **more: Any) -> CareDigest:
    """A digest of rows: those that are shown, and how many there are of each kind. `unread` more are due."""
    ordered = grouped(rows)
    shown = ordered[:MOST_ROWS]
    still_open = [row for row in ordered if row.is_open]
    counts = Counter(row.section for row in still_open)
    return CareDigest(
        day=day,
        rows=tuple(shown),
        more=len(ordered) - len(shown) + unread,
        minutes=sum(row.minutes or 0 for row in still_open if row.section != SOON),
        overdue=counts[OVERDUE],
        due=counts[DUE] + unread,
        soon=counts[SOON],
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

    return [one.row for one in sorted(rows, key=place)]


class _Rows:
    """What the rows of some touches need, read once for all of them."""

    def __init__(self, session: Session, reading: Reading, found: Sequence[Touch]) -> None:
        self.session, self.reading, self.found = session, reading, found
        ids = sorted({touch.customer_id for touch in found})
        self.customers = customers.get_many(session, ids)
        self.owners = customers.owner_ids(session, ids)
        behind = runs.latest_run_ids(session)
        self.tiers = {row.customer_id: row for row in tier_rows.tier_rows(session, behind, customer_ids=ids)}
        self.past = tier_rows.past_tiers(session, customer_ids=ids)
        self.shown = due_touches.times_shown(session, [touch.id or 0 for touch in found])
        who = {touch.closed_by for touch in found} | {touch.assignee_id for touch in found}
        self.people = people.get_many(session, {one for one in (*who, *self.owners.values()) if one})
        done = [touch.activity_id for touch in found if touch.activity_id is not None]
        self.contacts = facts.kinds_of(session, done) if done else {}
        closed = {touch.customer_id for touch in found if touch.state == TouchState.DONE}
        self.following = touches.open_steps(session, sorted(closed)) if closed else []

    def all(self) -> list[PlacedRow]:
        return [
            self._placed(touch, customer)
            for touch in self.found
            if (customer := self.customers.get(touch.customer_id)) is not None
        ]

    def _placed(self, touch: Touch, customer: Customer) -> PlacedRow:
        reading = self.reading
        step = reading.rules.plans.step(touch.plan, touch.tier, touch.step)
        limit = touch.latest_on or touch.due_on
        over = max(0, (reading.day - limit).days)
        tier = reading.book.tier(touch.tier)
        key, reasons = rank(self._weight(touch, over, tier.rank))
        times, first = self.shown.get(touch.id or 0, (0, None))
        owner = self.owners.get(touch.customer_id)
        row = CareRow(
            touch_id=touch.id or 0,
            version=touch.version,
            customer_id=touch.customer_id,
            name=customer.name,
            code=customer.code,
            tier=tier,
            section=OVERDUE if over else DUE if touch.due_on <= reading.day else SOON,
            step=reading.rules.plans.step_name(touch.plan, touch.tier, touch.step),
            kind=touch.kind,
            hint=step.hint if step else None,
            what=step.what if step else None,
            options=_options(step),
            due_on=touch.due_on,
            latest_on=touch.latest_on,
            over=over,
            left=max(0, (limit - reading.day).days) if touch.latest_on else None,
            reminded=times,
            since=local_date(first, reading.zone) if first else None,
            reasons=reasons,
            minutes=step.minutes if step else None,
            owner=self._who(owner) if owner != reading.reader else None,
            **self._outcome(touch, customer),
        )
        return PlacedRow(row=row, touch=touch, key=key)

    def _weight(self, touch: Touch, over: int, tier: int) -> Weight:
        now: TierRow | None = self.tiers.get(touch.customer_id)
        past: PastTier | None = self.past.get(touch.customer_id)
        return Weight(
            over=over,
            tier=tier,
            score=now.score if now else None,
            score_before=past.score if past else None,
            pending_fall=bool(now and now.falling_since),
        )

    def _outcome(self, touch: Touch, customer: Customer) -> dict[str, Any]:
        """The fields that say what has become of a touch; none for one that is to be done."""
        fields: dict[str, Any] = {"may_undo": (touch.id or 0) in self.reading.undoable}
        if touch.state == TouchState.DONE:
            next_due = (due for _, _, _, step, due in self.following if step == touch.step)
            kind = self.contacts.get(touch.activity_id or 0)
            by = self._who(touch.closed_by)
            return fields | {"state": "done", "by": by, "done_as": kind, "next_due": next(next_due, None)}
        if touch.state == TouchState.SKIPPED:
            return fields | {"state": "skipped", "by": self._who(touch.closed_by)}
        if touch.state not in touches.OPEN or customer.archived:
            return {"state": "over"}
        mine = (None, self.reading.reader, *self.reading.acts_for)
        if self.reading.reader is not None and touch.assignee_id not in mine:
            return fields | {"state": "reassigned", "to": self._who(touch.assignee_id)}
        until = local_date(touch.remind_at, self.reading.zone)
        if touch.state == TouchState.SNOOZED and until > self.reading.day:
            return fields | {"state": "snoozed", "until": until}
        return {}

    def _who(self, person_id: int | None) -> Who | None:
        person: Person | None = self.people.get(person_id or 0)
        return Who(name=person.name, slack_user_id=person.slack_user_id) if person else None


def _options(step: Step | None) -> tuple[str, ...]:
    """The kinds of contact that fulfil a step, the one that it asks for first."""
    kinds = tuple(step.fulfilled_by) if step else ()
    return tuple(sorted(kinds, key=lambda kind: kind != step.what)) if step else kinds
