"""One file per command, action or view; each has `register(app, deps, deferred)`."""

from slack_bolt import App

from bot.slack.deferred import Deferred
from bot.slack.dependencies import Dependencies
from bot.slack.listeners import (
    calendar_link,
    complaints,
    contact_form,
    contact_people,
    log_visit,
    open_card,
    share,
    step_forms,
    tier_command,
    touches,
    unmask,
    weekly,
    why,
)


def register_all(app: App, deps: Dependencies, deferred: Deferred) -> None:
    """Register every listener."""
    of_customers = (tier_command, open_card, why, unmask, share, log_visit, contact_people, contact_form)
    for listener in (*of_customers, touches, step_forms, complaints, calendar_link, weekly):
        listener.register(app, deps, deferred)
