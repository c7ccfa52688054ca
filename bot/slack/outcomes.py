"""Shows what has been saved. Nothing here raises: that Slack does not show it is no reason to say that it failed."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

import structlog
from markupsafe import Markup
from slack_sdk import WebClient

from bot.errors import N_, BotError, Hidden
from bot.services.access import Actor
from bot.services.care.answers import Answered, shown
from bot.services.care.answers.shown import StepMessage
from bot.services.care.complaints import Acted
from bot.services.recipients import FirmDefaults
from bot.slack import blocks, retries
from bot.slack.deferred import Press
from bot.slack.dependencies import Dependencies
from bot.wording import catalogue
from bot.wording.actions import Pointer
from bot.wording.care import CareDigest
from bot.wording.message_base import Message, Slots
from bot.wording.messages import Problem
from bot.wording.rendering import problem_text

NOT_REFRESHED = N_("This is recorded. Slack did not let me refresh the message that you pressed.")
RECORDED = N_("This is recorded.")
WAITING = blocks.view(Slots(fallback="", body=(":hourglass_flowing_sand:",)), "Tierbot", "×")

log = structlog.get_logger()


def show(deps: Dependencies, press: Press, message: Message, language: str) -> None:
    """Show what a press has become in place of its message; say that it is recorded where that does not work."""
    if not replace(deps, press, message, language):
        _say_recorded(deps, press, language)


def show_answer(deps: Dependencies, press: Press, answered: Answered, actor: Actor) -> None:
    """Show what an answer has made of a step: in the pressed message, and in every other one that shows it."""
    here = _place(press)
    message: Message = answered.closed
    language, elsewhere = actor.language, list[StepMessage]()
    if _is_listed(press):
        message = _listed(deps, actor, answered.touch_ids) or message
    for one in _messages_now(deps, actor, answered.customer_id, answered.touch_ids):
        if (one.channel, one.ts) == here:
            message, language = one.message, one.language
        else:
            elsewhere.append(one)
    if "response_url" in press.body:
        show(deps, press, message, language)
    for one in elsewhere:
        update(deps, press.client, one.channel, one.ts, one.message, one.language)


def show_contact(deps: Dependencies, press: Press, customer_id: int, actor: Actor, at: datetime) -> None:
    """Show in every message about a customer's steps what a contact has made of them that was recorded at a time."""
    for one in _messages_now(deps, actor, customer_id, (), at):
        update(deps, press.client, one.channel, one.ts, one.message, one.language)


def show_current(deps: Dependencies, press: Press, pointer: Pointer, actor: Actor) -> None:
    """Show in the pressed message what has become of a step that cannot be answered any more."""
    try:
        became = shown.what_became(deps.database, actor, pointer, deps.rules, deps.clock.now())
    except BotError:
        return
    here = _place(press)
    if _is_listed(press):
        replace(deps, press, _listed(deps, actor, (pointer.id,)) or became, actor.language)
        return
    for one in _messages_now(deps, actor, became.customer_id, (pointer.id,)):
        if (one.channel, one.ts) == here:
            replace(deps, press, one.message, one.language)
            return
    replace(deps, press, became, actor.language)


def show_complaint(deps: Dependencies, press: Press, acted: Acted, actor: Actor) -> None:
    """Show what an act has made of a complaint, in place of the message in which it was pressed."""
    if "view" in press.body and "response_url" not in press.body:
        return
    message: Message = acted.message
    if _is_listed(press):
        message = _listed(deps, actor, (), [acted.complaint_id]) or message
    else:
        found = _digest_at(deps, actor, *_place(press))
        message = found.message if found is not None else message
    show(deps, press, message, actor.language)


def replace(deps: Dependencies, press: Press, message: Message, language: str) -> bool:
    """Show a message in place of the pressed one, by the response URL or else by its place; whether that worked."""
    try:
        content = blocks.payload(deps.renderer, message, language)
        retries.respond(press.body["response_url"], {**content, "replace_original": True}, harmless=True)
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
    opened = press.client.views_open(trigger_id=press.body["trigger_id"], view=WAITING)
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
    press.client.views_update(view_id=opened["view"]["id"], view=form)
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


def _messages_now(
    deps: Dependencies, actor: Actor, customer_id: int, touch_ids: Collection[int], at: datetime | None = None
) -> list[StepMessage]:
    """The messages about a customer's steps; none where they cannot be read, because what was done is done."""
    firm = FirmDefaults(admins=deps.settings.admins)
    now = at or deps.clock.now()
    try:
        return shown.messages_now(deps.database, actor, customer_id, touch_ids, deps.rules, now, firm)
    except Exception as error:
        log.error("outcome.unread", error=type(error).__name__, exc_info=error)
        return []


def _digest_at(deps: Dependencies, actor: Actor, channel: str | None, ts: str | None) -> StepMessage | None:
    """The digest at a place, as it has to be now; None where it cannot be read, or another message is there."""
    firm = FirmDefaults(admins=deps.settings.admins)
    try:
        return shown.digest_at(
            deps.database, actor, channel or "", ts or "", deps.rules, deps.clock.now(), firm
        )
    except Exception as error:
        log.error("outcome.unread", error=type(error).__name__, exc_info=error)
        return None


def _is_listed(press: Press) -> bool:
    """Whether the step was shown in a list that only the person who asked for it sees: no other such message has steps."""
    return bool((press.body.get("container") or {}).get("is_ephemeral"))


def _listed(
    deps: Dependencies, actor: Actor, touch_ids: Collection[int], complaint_ids: Collection[int] = ()
) -> CareDigest | None:
    """The list of what the actor has to do; None where it cannot be read."""
    firm, now = FirmDefaults(admins=deps.settings.admins), deps.clock.now()
    try:
        with deps.database.read() as session:
            book = deps.scheme_cache.tier_names(session)
            rules = deps.rules_in(session)
            found = shown.todo_list(session, rules, book, actor, firm, now, touch_ids, complaint_ids)
            deps.bounds.show(actor, found, session=session)
            return found
    except Exception as error:
        log.error("outcome.unread", error=type(error).__name__, exc_info=error)
        return None


def _place(press: Press) -> tuple[str | None, str | None]:
    where = press.body.get("container") or {}
    return where.get("channel_id"), where.get("message_ts")


def _say_recorded(deps: Dependencies, press: Press, language: str) -> None:
    try:
        text = catalogue.gettext(language)(NOT_REFRESHED)
        content = blocks.payload(deps.renderer, Problem(text=text), language)
        retries.persistently(
            lambda: press.client.chat_postMessage(channel=press.user_id, **content), harmless=False
        )
    except Exception as error:
        log.error("outcome.unshown", error=type(error).__name__, exc_info=error)
