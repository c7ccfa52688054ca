"""The open steps of customers as they are after the next planning: computed by planning itself, and not written."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlmodel import Session

from bot.services.care import owed_care
from bot.services.care.owed_care import Loaded
from bot.services.care.schedule import CareRules
from bot.services.care.touch_diff import Changes
from db.care import listed_touches, planning, touches
from db.care.planning import OpenTouch
from db.care.touches import OPEN

Key = tuple[int, str, str]  # customer, step, occasion
Rows = dict[Key, dict[str, Any]]


class PlannedStep(NamedTuple):
    """A step that will be open."""

    owner_id: int | None
    assignee_id: int | None
    plan: str | None
    tier: str
    kind: str
    who: str
    due_on: date
    latest_on: date
    remind_at: datetime
    anchor: date | None


def planned_steps(
    session: Session, under: Sequence[CareRules], customer_ids: Sequence[int], now: datetime
) -> list[dict[Key, PlannedStep]]:
    """The open steps of some customers after the next planning under each of these rules."""
    loaded = [owed_care.load(session, rules.plans, rules.times, customer_ids, now) for rules in under]
    return steps_after(session, loaded, customer_ids, now)


def steps_after(
    session: Session, under: Iterable[Sequence[Loaded]], customer_ids: Sequence[int], now: datetime
) -> list[dict[Key, PlannedStep]]:
    """The same for customers as they were loaded, under each of some rules."""
    present = planning.open_touches(session, customer_ids)
    assigned = listed_touches.assigned(session, customer_ids)
    found = []
    for loaded in under:
        owners = {one.customer.customer_id: one.customer.owner_id for one in loaded}
        rows = _after(session, loaded, [touch for touch in present if touch.customer_id in owners], now)
        found.append(
            {
                key: PlannedStep(
                    owner_id=owners[key[0]],
                    assignee_id=assigned.get(row.get("id", 0)),
                    plan=row["plan"],
                    tier=row["tier"],
                    kind=row["kind"],
                    who=row["who"],
                    due_on=row["due_on"],
                    latest_on=row["latest_on"] or row["due_on"],
                    remind_at=row["remind_at"],
                    anchor=row["anchor"],
                )
                for key, row in rows.items()
            }
        )
    return found


def _after(session: Session, loaded: Iterable[Loaded], present: Iterable[OpenTouch], now: datetime) -> Rows:
    """The open touches of customers with what planning them now changes."""
    rows: Rows = {}
    mine: dict[int, dict[tuple[str, str], OpenTouch]] = {}
    for touch in present:
        mine.setdefault(touch.customer_id, {})[touch.step, touch.occasion] = touch
        rows[_key(touch)] = touch._asdict()
    changes = Changes()
    for one in loaded:
        one.compare(changes, mine.get(one.customer.customer_id, {}), now)
    for touch, values in changes.changed:
        if values.get("state", touch.state) in OPEN:
            rows[_key(touch)] |= values
        else:
            del rows[_key(touch)]
    for done in changes.fulfilled:
        del rows[_key(done.touch)]
    taken = planning.taken(session, [one.row["dedupe_key"] for one in changes.moved])
    new = list(changes.new)
    for moved in changes.moved:
        if moved.row["dedupe_key"] not in taken:
            rows[_key(moved.touch)] |= moved.values
        else:
            del rows[_key(moved.touch)]
            new.append(moved.row)
    new = planning.numbered(session, new)
    kept = touches.kept_as_they_are(session, [row["dedupe_key"] for row in new])
    for row in new:
        if row["dedupe_key"] not in kept:
            rows[row["customer_id"], row["step"], row["occasion"]] = row
    return rows


def _key(touch: OpenTouch) -> Key:
    return touch.customer_id, touch.step, touch.occasion
