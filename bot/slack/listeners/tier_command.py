"""/tier and a question: a customer's card comes with the acknowledgement, because that only reads; the rest after it."""

import html
import re
from functools import partial
from typing import TYPE_CHECKING, Any

from slack_bolt import Ack, App, BoltContext
from slack_sdk import WebClient
from sqlmodel import Session

from bot.services import identity
from bot.services.access import Actor
from bot.services.ask import lookup
from bot.services.ask.questions.query import Personal
from bot.services.care.digest import todo
from bot.services.recipients import FirmDefaults
from bot.slack import blocks
from bot.slack.deferred import Deferred, Press
from bot.slack.dependencies import Dependencies
from bot.slack.fair_queue import Turns
from bot.slack.listeners import calendar_link
from bot.slack.listeners.book.prospects import open_prospect_form
from bot.slack.manifest import TIER
from bot.wording.actions import Action
from bot.wording.ask.prospects import ProspectOffer
from bot.wording.message_base import Message

if TYPE_CHECKING:
    from bot.services.ask.questions.query import Query

PRIVATELY: dict[str, Any] = {"response_type": "ephemeral", "replace_original": False}


def register(app: App, deps: Dependencies, deferred: Deferred) -> None:
    turns = Turns()

    @app.command(TIER.name)
    def answer(ack: Ack, body: dict[str, str], client: WebClient, context: BoltContext) -> None:
        text = html.unescape(body.get("text", ""))  # Slack escapes it
        wanted = lookup.asks_for(text)
        if wanted is lookup.CALENDAR:
            deferred.writes.defer(
                context, Press(body=body, client=client), partial(calendar_link.answer, deps)
            )
            ack()
            return
        name = lookup.new_prospect(text)
        if name is not None:
            work = partial(open_named, name)
            deferred.reads.defer(context, Press(body=body, client=client), work)
            ack()
            return
        with turns.turn(body["user_id"]), deps.database.read() as session:  # one for all queries
            actor = identity.find_actor(
                session, body["user_id"], deps.settings, deps.gateway.users, deps.clock.now()
            )
            found = question(deps, session, actor, text) if actor is not None else None
        if actor is None or found is None:  # Slack is asked who that is, and the answer stored
            deferred.writes.defer(context, Press(body=body, client=client), introduce)
            ack()
        elif isinstance(found, Message):
            ack(response_type="ephemeral", **blocks.payload(deps.renderer, found, actor.language))
        else:  # it looks further than a card
            deferred.reads.defer(context, Press(body=body, client=client), partial(answer_query, deps, found))
            ack()

    def open_named(name: str, press: Press) -> None:
        open_prospect_form(deps, press, name)

    def introduce(press: Press) -> None:
        answer_text(deps, press, html.unescape(press.body.get("text", "")))

    @app.action(re.compile(rf"^{Action.ASK}(\.\d+)?$"))
    @deferred.reads
    def ask_again(press: Press) -> None:
        """One of the questions that were offered."""
        answer_text(deps, press, press.pointer.query or "", replace_original=press.is_private)

    @app.action(str(Action.MORE_TODO))
    @deferred.reads
    def show_more(press: Press) -> None:
        actor = deps.identify(press.user_id)
        with deps.database.read() as session:
            message = listed(deps, session, actor, press.pointer.id)
        press.respond(blocks.payload(deps.renderer, message, actor.language), replace_original=True)


def question(deps: Dependencies, session: Session, actor: Actor, text: str) -> "Message | Query":
    """The answer to a question, at whichever door it was asked; or what it asks, for `answer_query` to answer.

    `lookup.CALENDAR` is no question of this kind.
    """
    if lookup.asks_for(text) is lookup.TODO:
        return listed(deps, session, actor)
    name = lookup.new_prospect(text)
    if name is not None:
        return ProspectOffer(name=name)
    today = actor.today(deps.clock.now())
    with deps.bounds.asking(actor):
        found = lookup.certain(session, deps.scheme_cache, deps.rules_in(session), actor, text, today)
        if found is None:
            from bot.services.ask.questions import answering  # a whole code or name needs none of it

            read = answering.not_certain(deps.question_sources(), session, actor, text)
            if not isinstance(read, Message):
                return read
            found = read
    deps.bounds.show(actor, found, session=session)
    return found


def answer_text(deps: Dependencies, press: Press, text: str, **how: Any) -> None:
    """Answer a question where the time of an acknowledgement is over."""
    actor = deps.identify(press.user_id)
    with deps.database.read() as session:
        found = question(deps, session, actor, text)
    if isinstance(found, Message):
        press.respond(blocks.payload(deps.renderer, found, actor.language), **(PRIVATELY | how))
    else:
        answer_query(deps, found, press, **how)


def answer_query(deps: Dependencies, query: "Query", press: Press, **how: Any) -> None:
    """Answer to the response URL what looks further than a card."""
    if query is Personal.CALENDAR:
        calendar_link.answer(deps, press)
        return
    actor = deps.identify(press.user_id)
    message = looked_up(deps, actor, query)
    deps.tables.respond(press, deps.renderer, message, actor.language, **(PRIVATELY | how))


def looked_up(deps: Dependencies, actor: Actor, query: "Query") -> Message:
    """The answer to what looks further than a card."""
    from bot.services.ask.questions import answering

    with deps.bounds.asking(actor):
        message = answering.answer(deps.question_sources(), actor, query)
    deps.bounds.show(actor, message)
    return message


def listed(deps: Dependencies, session: Session, actor: Actor, start: int = 0) -> Message:
    """What the actor has to do, from a place in the list on."""
    book, firm = deps.scheme_cache.tier_names(session), FirmDefaults(admins=deps.settings.admins)
    with deps.bounds.asking(actor):
        found = todo.todo(session, deps.rules_in(session), book, actor, firm, deps.clock.now(), start=start)
    deps.bounds.show(actor, found, session=session)
    return found
