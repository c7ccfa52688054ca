"""*Full list* under the message about a week: what is behind its figures, for who presses, as a view."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from slack_bolt import App

from bot.errors import N_, BadInput
from bot.services.access import Actor
from bot.services.care.digest.mailboxes import Sending
from bot.services.care.weekly.listing import WeekQuery, week_of
from bot.services.care.weekly.period import CareWeek
from bot.slack import blocks
from bot.slack.deferred import Deferred, Press
from bot.slack.dependencies import Dependencies
from bot.slack.listeners.records.opening import load
from bot.wording.actions import Action, Pointer
from bot.wording.care.weekly import MOST_OF_A_KIND

TITLE = N_("The week in full")
# Outside of these days a button is forged: times of the first and last years have no instant in some zones.
FIRST, LAST = date(2, 1, 1).toordinal(), date(9990, 1, 1).toordinal()


def register(app: App, deps: Dependencies, deferred: Deferred) -> None:
    @app.action(str(Action.WEEKLY))
    @deferred.reads
    def show(press: Press) -> None:
        actor = deps.identify(press.user_id)
        load(deps, press, actor, TITLE, lambda: list_view(deps, actor, press.pointer))


def list_view(deps: Dependencies, actor: Actor, pointer: Pointer) -> dict[str, Any]:
    """The list of a week, of the customers that the actor may see. Raises BadInput for a button of no week."""
    if not FIRST <= pointer.id <= LAST:
        raise BadInput(blocks.OLD_BUTTON)
    period = CareWeek(date.fromordinal(pointer.id), ZoneInfo(actor.timezone))
    query = WeekQuery(period=period, scope=pointer.version, most=MOST_OF_A_KIND)
    sending = Sending.of(deps.settings, deps.database, deps.scheme_cache, deps.rules, deps.clock.now())
    with deps.database.read() as session:
        _, found = week_of(session, actor, sending, query)
        deps.bounds.show(actor, found, session=session)
    return blocks.modal(deps.renderer, found, actor.language, TITLE)
