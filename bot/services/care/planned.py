"""The open steps of customers as they are after the next planning: computed by planning itself, and not written."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlmodel import Session

from bot.services.care.schedule import CareRules, _Planner
from db.book import customers
from db.care import touches
from db.care.touches import Touch
from db.graded import runs

Key = tuple[int, str, str]  # customer, step, occasion


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


class _DryPlanner(_Planner):
    """Collects what planning would write."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.moved: list[tuple[Touch, dict[str, Any]]] = []

    def _move(self, touch: Touch, values: dict[str, Any]) -> int:
        self.moved.append((touch, values))
        return 1


def planned_steps(
    session: Session, under: Sequence[CareRules], customer_ids: list[int], now: datetime
) -> list[dict[Key, PlannedStep]]:
    """The open steps of some customers after the next planning under each of these rules."""
    contacts = touches.last_contacts(session, customer_ids)
    done = touches.last_done(session, customer_ids)
    owners = customers.owner_ids(session, customer_ids)
    present: dict[int, dict[tuple[str, str], Touch]] = {}
    for touch in touches.open_touches(session, customer_ids):
        present.setdefault(touch.customer_id, {})[touch.step, touch.occasion] = touch
    graded = touches.planned_customers(session, runs.latest_run_ids(session), customer_ids)
    found = []
    for rules in under:
        steps: dict[Key, PlannedStep] = {}
        for customer in graded:
            own = present.get(customer.customer_id, {})
            planner = _DryPlanner(session, rules, customer, now)
            planner.plan(own, contacts.get(customer.customer_id, {}), done)
            rows = {
                (touch.step, touch.occasion): {name: getattr(touch, name) for name in _ROW}
                for touch in own.values()
            }
            for touch, values in planner.moved:
                if "closed_at" in values:
                    rows.pop((touch.step, touch.occasion))
                else:
                    rows[touch.step, touch.occasion] |= values
            rows |= {(row["step"], row["occasion"]): row for row in planner.new}
            for (step, occasion), row in rows.items():
                steps[customer.customer_id, step, occasion] = PlannedStep(
                    owner_id=owners.get(customer.customer_id),
                    assignee_id=row.get("assignee_id"),
                    plan=row["plan"],
                    tier=row["tier"],
                    kind=row["kind"],
                    who=row["who"],
                    due_on=row["due_on"],
                    latest_on=row["latest_on"] or row["due_on"],
                    remind_at=row["remind_at"],
                )
        found.append(steps)
    return found


_ROW = ("plan", "tier", "kind", "who", "due_on", "latest_on", "assignee_id", "remind_at")
