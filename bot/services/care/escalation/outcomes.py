"""What has become of late steps since they were reported: a report as it has to be now."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from bot.clock import local_date
from bot.services.care.digest.readers import MessageReader
from bot.services.care.digest.rows import Outcomes, RowReader
from bot.services.care.schedule import CareRules
from bot.services.recipients import FirmDefaults
from bot.services.schemes.store import TierNames
from bot.wording.care.escalations import CareEmergency, CareEscalation, LateStep
from db.care import due_touches
from db.care.touches import Touch, TouchState


def current(
    session: Session,
    rules: CareRules,
    shown: CareEscalation | CareEmergency,
    reader: int | None,
    firm: FirmDefaults,
    now: datetime,
    *,
    undoable: Mapping[int, int | None],
) -> CareEscalation | CareEmergency | None:
    """A report with what has become of its steps, each in its place; None for one of a version that named no touches.

    Customers that the reader may no longer see are left out. `undoable`: what can be taken back, and by whom it was done.
    """
    ids = [row.touch_id for row in shown.rows if row.touch_id]
    if not ids:
        return None
    settled = shown.settled if isinstance(shown, CareEscalation) else ()
    named = {one.customer_id for one in (*shown.rows, *settled)}
    read_by = MessageReader(session, reader, named, ids, firm, now)
    if isinstance(shown, CareEscalation):
        shown = shown.without({one for one in named if not read_by.sees(one)})
    found = {touch.id: touch for touch in due_touches.load(session, ids)}
    zone = read_by.zone(rules.zone)
    # Read as by a channel: a report calls a step reassigned only if it was given to somebody since.
    reading = RowReader(
        rules=rules,
        book=TierNames(tiers={}),
        reader=None,
        day=local_date(now, zone),
        zone=zone,
        undoable=undoable,
    )
    outcomes = Outcomes(session, reading, list(found.values()))
    rows = []
    for row in shown.rows:
        touch = found.get(row.touch_id)
        if touch is not None and touch.customer_id in outcomes.customers:
            fields = _become(row, touch, outcomes, reading.day)
            own = reader is None or undoable.get(row.touch_id) == reader
            may_undo = bool(fields) and own and row.touch_id in undoable
            rows.append(replace(row, touch_version=touch.version, **{**fields, "may_undo": may_undo}))
    return replace(shown, rows=tuple(rows))


def _become(row: LateStep, touch: Touch, outcomes: Outcomes, day: date) -> dict[str, Any]:
    """The fields of a row that say what has become of its touch since it was reported; none for one that is to be done."""
    fields = outcomes.of(touch)
    if fields.get("state") not in (None, "snoozed"):
        return fields
    if touch.assignee_id != row.assignee_id:
        to = outcomes.who(touch.assignee_id or outcomes.owners.get(touch.customer_id))
        return {"state": "reassigned", "to": to}
    if fields and row.why == "snoozed" and row.until == fields["until"]:
        return {}
    if not fields and touch.state == TouchState.PLANNED and touch.due_on > day:
        return {"state": "put_off", "next_due": touch.due_on}
    return fields
