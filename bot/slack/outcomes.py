"""Shows what has been saved. Nothing here raises: that Slack does not show it is no reason to say that it failed."""

from collections.abc import Callable, Collection
from functools import partial
from typing import Any

import structlog
from markupsafe import Markup
from slack_sdk import WebClient

from bot.errors import N_, BotError, Hidden
from bot.services.access import Actor
from bot.services.care import complaints, promises
from bot.services.care.answers import Answered, shown
from bot.services.care.answers.shown import Drawn
from bot.services.proposals import ProposalAct
from bot.services.recipients import FirmDefaults
from bot.slack import blocks, retries
from bot.slack.deferred import Press
from bot.slack.dependencies import Dependencies
from bot.slack.pressed import home_tab
from bot.wording import catalogue
from bot.wording.actions import Pointer
from bot.wording.care.digest import CareDigest
from bot.wording.message_base import Message, Slots
from bot.wording.messages import Problem
from bot.wording.rendering import problem_text
from db.care import redraws

NOT_REFRESHED = N_("This is recorded. Slack did not let me refresh the message that you pressed.")
RECORDED = N_("This is recorded.")
WAITING = blocks.view(Slots(fallback="", body=(":hourglass_flowing_sand:",)), "Tierbot", "×")

log = structlog.get_logger()


def show(deps: Dependencies, press: Press, message: Message, language: str) -> None:
    """Show what a press has become in place of its message; say that it is recorded where that does not work."""
    if not replace(deps, press, message, language):
        _say_recorded(deps, press, language)


def show_answer(deps: Dependencies, press: Press, answered: Answered, actor: Actor) -> None:
    """Show in the pressed message what an answer has made of a step; a worker draws every other one that shows it."""
    if press.in_home:
        deps.homes.note_answered(press.user_id, answered.touch_ids)
        if "actions" not in press.body:  # by a form, after which the tab was shown without it
            home_tab.refresh(deps, press)
    if not _is_drawn_here(press):
        return
    if _is_listed(press):
        show(deps, press, _listed(deps, actor, answered.touch_ids) or answered.closed, actor.language)
        return
    found = _here(deps, press, answered.touch_ids)
    _show_drawn(deps, press, found, answered.closed, actor.language)


def show_current(deps: Dependencies, press: Press, pointer: Pointer, actor: Actor) -> None:
    """Show in the pressed message what has become of a step that cannot be answered any more."""
    if press.in_home:  # which is published again after each press
        return
    if not _is_listed(press) and (drawn := _here(deps, press, (pointer.id,))) is not None:
        _draw(deps, press, drawn, actor.language)
        return
    try:
        became = shown.what_became(deps.database, actor, pointer, deps.rules, deps.clock.now())
    except BotError:
        return
    listed = _listed(deps, actor, (pointer.id,)) if _is_listed(press) else None
    replace(deps, press, listed or became, actor.language)


def _show_drawn(
    deps: Dependencies, press: Press, drawn: Drawn | None, otherwise: Message, language: str
) -> None:
    """Show the pressed message as it has to be now, or else what was done in its place."""
    if drawn is None:
        show(deps, press, otherwise, language)
    elif not _draw(deps, press, drawn, language):
        _say_recorded(deps, press, language)


def _draw(deps: Dependencies, press: Press, drawn: Drawn, language: str) -> bool:
    """Show the pressed message as it has to be now; whether that worked. A worker need not draw it then."""
    if not replace(deps, press, drawn.message, drawn.language or language):
        return False
    try:
        with deps.database.write() as session:
            redraws.drawn(session, drawn.stale)
    except Exception as error:  # then a worker draws it once more
        log.warning("outcome.still_marked", error=type(error).__name__)
    return True


def show_complaint(deps: Dependencies, press: Press, acted: complaints.Acted, actor: Actor) -> None:
    """Show what an act has made of a complaint, in place of the message in which it was pressed."""
    _show_recorded(deps, press, acted.message, actor, complaint_ids=[acted.complaint_id])


def show_promise(deps: Dependencies, press: Press, acted: promises.PromiseAct, actor: Actor) -> None:
    """Show what an act has made of a promise, in place of the message in which it was pressed."""
    _show_recorded(deps, press, acted.message, actor, promise_ids=[acted.promise_id])


def show_proposal(deps: Dependencies, press: Press, acted: ProposalAct, actor: Actor) -> None:
    """Show what an act has made of a proposal, in place of the message in which it was pressed."""
    if not press.in_home:  # which is published again after each press
        _show_recorded(deps, press, acted.message, actor)


def _show_recorded(
    deps: Dependencies, press: Press, message: Message, actor: Actor, **ids: Collection[int]
) -> None:
    if not _is_drawn_here(press):
        return
    if _is_listed(press):
        show(deps, press, _listed(deps, actor, (), **ids) or message, actor.language)
    else:
        people = [actor.person_id, *(one.person_id for one in actor.absent)]
        found = _read(deps, press, partial(shown.sent_to, deps.database, people))
        _show_drawn(deps, press, found, message, actor.language)


def replace(deps: Dependencies, press: Press, message: Message, language: str) -> bool:
    """Show a message in place of the pressed one, by the response URL or else by its place; whether that worked."""
    try:
        content = blocks.payload(deps.renderer, message, language)
        if "response_url" in press.body:
            retries.respond(press.body["response_url"], {**content, "replace_original": True}, harmless=True)
        else:
            press.respond(content, replace_original=True)
    except Exception as error:
        log.warning("outcome.not_in_place", error=type(error).__name__)
        where = press.body.get("container") or {}
        channel, ts = where.get("channel_id", ""), where.get("message_ts", "")
        return not where.get("is_ephemeral") and update(deps, press.client, channel, ts, message, language)
    return True


def update(
    deps: Dependencies, client: WebClient, channel: str, ts: str, message: Message, language: str
) -> bool:
    """Show a message in place of one that everybody in the channel sees; whether that worked."""
    try:
        content = blocks.payload(deps.renderer, message, language)
        retries.persistently(lambda: client.chat_update(channel=channel, ts=ts, **content))
    except Exception as error:
        log.warning("outcome.not_updated", error=type(error).__name__)
        return False
    return True


def open_form(deps: Dependencies, press: Press, make: Callable[[Actor], dict[str, Any]]) -> None:
    """Open a form: at once a view to wait in, because a trigger lives three seconds, then the form in its place.

    Where there is no form to show, the view says why. Raises Hidden.
    """
    view_id = press.open_view(WAITING)
    language: str = deps.settings.language
    refused: BotError | None = None
    try:
        actor = deps.identify(press.user_id)
        language = actor.language
        form = make(actor)
    except BotError as error:
        log.info("listener.refused", error=type(error).__name__, msgid=error.msgid)
        refused = error
        form = view(deps, Problem(text=problem_text(error, language)), language, N_("Tierbot"))
    press.client.views_update(view_id=view_id, view=form)
    if isinstance(refused, Hidden):
        raise refused


def view(deps: Dependencies, message: Message, language: str, title: str) -> dict[str, Any]:
    """A message as the view that takes a form's place; `title` is a msgid."""
    try:
        return blocks.modal(deps.renderer, message, language, title)
    except Exception as error:  # a template of one's own may be broken
        log.error("outcome.unshown", error=type(error).__name__, exc_info=error)
        gettext = catalogue.gettext(language)
        recorded = Slots(fallback="", body=(Markup(gettext(RECORDED)),))
        return blocks.view(recorded, gettext(title), gettext("Close"))


def _here(deps: Dependencies, press: Press, touch_ids: Collection[int]) -> Drawn | None:
    return _read(deps, press, partial(shown.here, deps.database, touch_ids))


def _read(deps: Dependencies, press: Press, read: Callable[..., Drawn | None]) -> Drawn | None:
    """The pressed message as it has to be now; None where it cannot be read, because what was done is done."""
    where = press.body.get("container") or {}
    place = str(where.get("channel_id") or ""), str(where.get("message_ts") or "")
    firm = FirmDefaults(admins=deps.settings.admins)
    try:
        return read(place, deps.rules, deps.clock.now(), firm)
    except Exception as error:
        log.error("outcome.unread", error=type(error).__name__, exc_info=error)
        return None


def _is_listed(press: Press) -> bool:
    """Whether the step was shown in a list that only the person who asked for it sees: no other such message has steps."""
    return press.in_answer or bool((press.body.get("container") or {}).get("is_ephemeral"))


def _is_drawn_here(press: Press) -> bool:
    """Whether what was pressed can be drawn again from here."""
    return press.in_answer or "response_url" in press.body


def _listed(
    deps: Dependencies, actor: Actor, touch_ids: Collection[int], **ids: Collection[int]
) -> CareDigest | None:
    """The list of what the actor has to do; None where it cannot be read."""
    firm, now = FirmDefaults(admins=deps.settings.admins), deps.clock.now()
    try:
        with deps.database.read() as session:
            book = deps.scheme_cache.tier_names(session)
            rules = deps.rules_in(session)
            found = shown.todo_list(session, rules, book, actor, firm, now, touch_ids, **ids)
            deps.bounds.show(actor, found, session=session)
            return found
    except Exception as error:
        log.error("outcome.unread", error=type(error).__name__, exc_info=error)
        return None


def _say_recorded(deps: Dependencies, press: Press, language: str) -> None:
    try:
        text = catalogue.gettext(language)(NOT_REFRESHED)
        content = blocks.payload(deps.renderer, Problem(text=text), language)
        retries.persistently(
            lambda: press.client.chat_postMessage(channel=press.user_id, **content), harmless=False
        )
    except Exception as error:
        log.error("outcome.unshown", error=type(error).__name__, exc_info=error)
