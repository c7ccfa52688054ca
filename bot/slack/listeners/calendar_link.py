"""/tier calendar: the link of the asker's own calendar, shown to them only; its buttons replace and revoke it."""

from slack_bolt import App

from bot.clock import local_date, zone_named
from bot.services.access import Actor
from bot.services.care.calendar import links
from bot.slack import blocks
from bot.slack.deferred import Deferred, Press
from bot.slack.dependencies import Dependencies
from bot.wording.actions import Action
from bot.wording.notices import CalendarLink, linked


def register(app: App, deps: Dependencies, deferred: Deferred) -> None:
    @app.action(str(Action.NEW_CALENDAR))
    @deferred.writes
    def replace(press: Press) -> None:
        actor = deps.identify(press.user_id)
        show(deps, press, actor, made(deps, actor), replace_original=True)

    @app.action(str(Action.REVOKE_CALENDAR))
    @deferred.writes
    def revoke(press: Press) -> None:
        actor = deps.identify(press.user_id)
        links.revoke(deps.database, actor, None, settings=deps.settings, now=deps.clock.now())
        revoked = CalendarLink(person_id=actor.person_id, state="revoked")
        show(deps, press, actor, revoked, replace_original=True)


def answer(deps: Dependencies, press: Press) -> None:
    """Make the link of who asks, or say since when there is one."""
    actor = deps.identify(press.user_id)
    with deps.database.read() as session:
        since = links.made_at(session, actor.person_id)
    if since is None:
        message = made(deps, actor)
    else:
        day = local_date(since, zone_named(actor.timezone, deps.settings.zone))
        message = CalendarLink(person_id=actor.person_id, state="kept", made_on=day)
    show(deps, press, actor, message, replace_original=False)


def made(deps: Dependencies, actor: Actor) -> CalendarLink:
    """A new link."""
    link = links.link(deps.database, actor, None, settings=deps.settings, now=deps.clock.now())
    return CalendarLink(person_id=actor.person_id, state="made", address=linked(link.url))


def show(
    deps: Dependencies, press: Press, actor: Actor, message: CalendarLink, *, replace_original: bool
) -> None:
    """Answer privately."""
    content = blocks.payload(deps.renderer, message, actor.language)
    press.respond(content, response_type="ephemeral", replace_original=replace_original)
