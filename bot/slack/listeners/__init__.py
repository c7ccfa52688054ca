"""One file per command, action or view; each has `register(app, deps, deferred)`."""

from slack_bolt import App

from bot.slack.deferred import Deferred
from bot.slack.dependencies import Dependencies
from bot.slack.listeners import (
    asked,
    calendar_link,
    home,
    log_visit,
    open_card,
    personal_forms,
    share,
    step_forms,
    tier_command,
    touches,
    unmask,
    weekly,
    why,
)
from bot.slack.listeners.asking import brief, lists, notes
from bot.slack.listeners.book import handovers, message_contact, prospects
from bot.slack.listeners.proposals import presses as proposals
from bot.slack.listeners.records import (
    complaints,
    contact_form,
    contact_people,
    facts,
    gifts,
    profile,
    profile_form,
    promises,
    surveys,
)


def register_all(app: App, deps: Dependencies, deferred: Deferred) -> None:
    """Register every listener."""
    of_customers = (tier_command, asked, open_card, why, brief, notes, unmask, share, log_visit)
    of_records = (
        contact_people,
        contact_form,
        complaints,
        gifts,
        promises,
        surveys,
        facts,
        profile,
        profile_form,
        proposals,
        handovers,
        message_contact,
        prospects,
    )
    for listener in (
        *of_customers,
        *of_records,
        touches,
        step_forms,
        calendar_link,
        weekly,
        home,
        personal_forms,
        lists,
    ):
        listener.register(app, deps, deferred)
