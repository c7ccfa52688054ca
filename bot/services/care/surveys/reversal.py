"""Taking back a survey score."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.errors import N_, Conflict, Hidden, NotAllowed
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.care.schedule import CareRules, count_again
from bot.services.care.surveys.recording import RecordedScore, logged
from bot.wording.actions import Pointer
from db.audit import AuditAction, ObjectKind
from db.book.facts import Activity
from db.care import surveys, touches
from db.engine import Database
from db.processes import InboundKey, take_request

GONE = N_("This survey score is no longer there, or not for you.")
OF_A_STEP = "touch:"  # begins the id of a contact that a step recorded


def undo(
    database: Database,
    actor: Actor,
    pointer: Pointer,
    *,
    within: timedelta | None = None,
    rules: CareRules,
    now: datetime,
    request: InboundKey,
) -> RecordedScore:
    """Take back a score with its contact; its follow-up is superseded. The contact of a care step stays.

    `within` limits it to what the actor recorded a moment ago. Raises Repeated, Hidden, NotAllowed, and Conflict for a
    score that came by import, that has changed, or for which it is too late.
    """
    with database.write() as session:
        take_request(session, request, now)
        found = surveys.row(session, pointer.id)
        if found is None:
            raise Hidden(GONE)
        meant = replace(pointer, id=found.customer_id)
        customer = access.customer_for(session, actor, Act.LOG_CONTACT, meant, GONE)
        touches.lock(session, [customer.id])
        found = surveys.row(session, pointer.id)
        if found is None or found.version != pointer.version:
            raise Conflict(N_("Somebody has changed this survey score since this was shown."))
        if found.batch_id is not None:
            raise Conflict(
                N_(
                    "This score came with import %(batch)d: tierbot import undo %(batch)d takes the file back."
                ),
                batch=found.batch_id,
            )
        if within is not None:
            if found.recorded_by != (actor.person_id or None):
                raise NotAllowed(N_("Only the person who did this can take it back."))
            if now - found.recorded_at > within:
                raise Conflict(
                    N_("This could be taken back for ten minutes, and they are over. It stays as it is.")
                )
        recorded = logged(session, rules, found, taken_back=True)
        surveys.delete_of_activity(session, found.activity_id, now)
        activity = session.get(Activity, found.activity_id)
        if activity is not None and not activity.external_id.startswith(OF_A_STEP):
            session.delete(activity)
            session.flush()
        count_again(session, rules, customer.id, now)
        before = {"survey_score": found.id, "scale": found.scale, "day": found.answered_on}
        actor.record(session, AuditAction.SURVEY_UNDONE, ObjectKind.CUSTOMER, customer.id, before=before)
        return recorded
