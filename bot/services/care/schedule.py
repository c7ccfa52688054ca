"""Planning care: which step is due when, as rows.

Planning compares the plan with the rows and writes the difference, so it can run any number of times. A touch's
`dedupe_key` holds a local date, so a change of clock or time zone makes no second touch for one day.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from functools import cached_property, partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.services.care import owed_care
from bot.services.care.owed_care import OwedCare
from bot.services.care.plan_versions.care_plans import CarePlans
from bot.services.care.touch_diff import CONTACT_LOGGED, NO_LONGER_DUE, Changes
from bot.services.care.working_people import FirmTime
from bot.services.complaint_kinds import ComplaintKinds, shipped_kinds
from bot.services.gift_rules.rules import GiftRules, shipped_rules
from bot.services.survey_scales import SurveyScales, shipped_scales
from bot.services.traits.fields import TraitFields, load_fields
from db.care import marks, planning, touches
from db.care.planning import OpenTouch
from db.care.touches import TouchState
from db.engine import Database
from db.graded import due_regrades, runs

CHUNK = 500  # customers to a transaction: short enough that a press at the same time does not wait


@dataclass(frozen=True, kw_only=True)
class CareRules:
    """The care plans in force, their settings, and what the firm says of complaints, surveys, gifts and profiles."""

    plans: CarePlans
    zone: ZoneInfo
    remind_at: time
    firm: FirmTime | None = None  # None: the zone and the hour, Monday to Friday
    complaints: ComplaintKinds = field(default_factory=shipped_kinds)
    gifts: GiftRules = field(default_factory=shipped_rules)
    currency: str | None = None  # the firm's
    surveys: SurveyScales = field(default_factory=shipped_scales)
    trait_file: Path | None = None  # of the firm; None: the shipped one

    @cached_property
    def traits(self) -> TraitFields:
        """The fields of customer profiles."""
        return load_fields(self.trait_file)

    @cached_property
    def fingerprint(self) -> str:
        """Differs when the plans or the firm's working time do."""
        return hashlib.sha256(repr((self.plans.fingerprint, self.times)).encode()).hexdigest()

    @property
    def times(self) -> FirmTime:
        """When and where the firm works."""
        return self.firm or FirmTime(zone=self.zone, remind_at=self.remind_at)


def owed(
    session: Session, rules: CareRules, customer_ids: Sequence[int], now: datetime
) -> dict[int, OwedCare]:
    """What each graded, unarchived customer among these is owed at present. Writes nothing."""
    return {one.customer.customer_id: one.owed for one in _loaded(session, rules, customer_ids, now)}


def plan_all(database: Database, rules: CareRules, now: datetime) -> int:
    """Bring every graded customer's touches in line with the plan; how many rows changed."""
    with database.read() as session:
        customers = planning.graded_customers(session, runs.latest_run_ids(session))
    with database.write() as session:
        changed = touches.cancel_archived(session, now)
    return changed + plan_chunks(database, rules, customers, now)


def plan_chunks(database: Database, rules: CareRules, customer_ids: Sequence[int], now: datetime) -> int:
    """The same for some customers, in transactions of their own."""
    changed = 0
    for start in range(0, len(customer_ids), CHUNK):
        chunk = customer_ids[start : start + CHUNK]
        changed += database.retry(partial(plan_chunk, database, rules, chunk, now))
    return changed


def plan_chunk(database: Database, rules: CareRules, customer_ids: Sequence[int], now: datetime) -> int:
    with database.write() as session:
        return plan_customers(session, rules, customer_ids, now)


def plan_customers(session: Session, rules: CareRules, customer_ids: Sequence[int], now: datetime) -> int:
    """The same for some customers, which are locked, in the caller's transaction."""
    touches.lock(session, customer_ids)
    asked = set(customer_ids)
    present: dict[int, dict[tuple[str, str], OpenTouch]] = {}
    for touch in planning.open_touches(session, customer_ids, lock=True):
        present.setdefault(touch.customer_id, {})[touch.step, touch.occasion] = touch
    changes, kept = Changes(), list[dict[str, Any]]()
    for one in _loaded(session, rules, customer_ids, now):
        asked.discard(one.customer.customer_id)
        mine = present.pop(one.customer.customer_id, {})
        trouble = one.compare(changes, mine, now)
        state = one.state_after(mine, trouble, now)
        if (
            state != {name: getattr(one.customer, name) for name in state}
            or one.customer.planned_by != one.by
        ):
            by = dict(zip(planning.PLANNED_BY, one.by, strict=True))
            kept.append({"customer_id": one.customer.customer_id, **by, **state})
    planning.keep(session, kept)
    if asked:  # archived, or not graded
        marks.unmark(session, list(asked))
    archived = touches.cancel_archived(session, now, list(present)) if present else 0
    return archived + _write(session, changes, now)


def count_again(session: Session, rules: CareRules, customer_id: int, now: datetime) -> None:
    """Plan a customer's care anew, and have it graded again: what the grading counts has come, moved or gone."""
    plan_customers(session, rules, [customer_id], now)
    due_regrades.mark(session, customer_id, now)


def _loaded(
    session: Session, rules: CareRules, customer_ids: Sequence[int], now: datetime
) -> list[owed_care.Loaded]:
    return owed_care.load(session, rules.plans, rules.times, customer_ids, now)


def _write(session: Session, changes: Changes, now: datetime) -> int:
    """Write the changes of a chunk; how many rows."""
    wanted = {(one.touch.customer_id, kind, one.day) for one in changes.fulfilled for kind in one.kinds}
    contacts = planning.contacts_on(session, wanted)
    for touch, kinds, day in changes.fulfilled:
        found = [contacts.get((touch.customer_id, kind, day), 0) for kind in kinds]
        values = {"state": TouchState.DONE, "reason": CONTACT_LOGGED, "closed_at": now}
        changes.changed.append((touch, {**values, "activity_id": max(found) or None}))
    taken = planning.taken(session, [one.row["dedupe_key"] for one in changes.moved])
    for moved in changes.moved:
        if moved.row["dedupe_key"] not in taken:
            changes.changed.append((moved.touch, moved.values))
            continue
        # What it would become has a row: that one is opened again if it may be.
        values = {"state": TouchState.CANCELLED, "reason": NO_LONGER_DUE, "closed_at": now}
        changes.changed.append((moved.touch, values))
        changes.new.append(moved.row)
    # Before the new rows, because a step has one open touch.
    changed = touches.change(session, changes.changed)
    return changed + touches.add(session, planning.numbered(session, changes.new))
