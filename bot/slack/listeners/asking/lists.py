"""What is pressed in a list: another page, a card and the way back, a file; and the choice of a customer or a team."""

import re
from functools import partial

from slack_bolt import App
from sqlmodel import Session

from bot.errors import N_, Conflict
from bot.services.access import WHO_MAY_OPEN, Actor
from bot.services.ask import lookup
from bot.services.ask.listing import compared, file, state, team
from bot.services.ask.listing.listed import listed
from bot.slack import blocks
from bot.slack.deferred import Deferred, Press
from bot.slack.dependencies import Dependencies
from bot.wording.actions import Action, Pointer
from bot.wording.answers.listing import CustomerList, FileSent
from bot.wording.message_base import Message

NOTHING_LEFT = N_(
    "You have looked at as many different customers today as one person may. Ask for the file tomorrow."
)


def register(app: App, deps: Dependencies, deferred: Deferred) -> None:
    for action in (Action.LIST_NEXT, Action.LIST_BEFORE, Action.TO_LIST):
        app.action(str(action))(deferred.reads(partial(_show_list, deps)))
    app.action(re.compile(rf"^{Action.OPEN_LISTED}(\.\d+)?$"))(deferred.reads(partial(_open, deps)))
    app.action(re.compile(rf"^{Action.COMPARE}(\.\d+)?$"))(deferred.reads(partial(_compare, deps)))
    app.action(re.compile(rf"^{Action.TEAM}(\.\d+)?$"))(deferred.reads(partial(_show_team, deps)))
    app.action(str(Action.LIST_FILE))(deferred.writes(partial(_send_file, deps, file.XLSX)))
    app.action(str(Action.LIST_CSV))(deferred.writes(partial(_send_file, deps, file.CSV)))


def page(deps: Dependencies, session: Session, actor: Actor, text: str | None) -> CustomerList:
    """The page of a list that a button holds."""
    from bot.services.ask.questions import answering  # not for a card

    query, start = state.list_of(text)
    with deps.bounds.asking(actor):
        found = listed(
            session,
            deps.scheme_cache,
            deps.rules_in(session),
            actor,
            query,
            actor.today(deps.clock.now()),
            start,
            answering.heading(deps.question_sources(), session, actor, query),
        )
    deps.bounds.show(actor, found, session=session)
    return found


def _show_list(deps: Dependencies, press: Press) -> None:
    actor = deps.identify(press.user_id)
    with deps.database.read() as session:
        found = page(deps, session, actor, press.pointer.query)
    _answer(deps, press, actor, found)


def _open(deps: Dependencies, press: Press) -> None:
    actor, pointer = deps.identify(press.user_id), press.pointer
    today = actor.today(deps.clock.now())
    with deps.bounds.asking(actor), deps.database.read() as session:
        card = lookup.card(
            session, deps.scheme_cache, deps.rules_in(session), actor, pointer, today, WHO_MAY_OPEN
        )
        deps.bounds.show(actor, card, session=session)
    back = Pointer(id=0, query=pointer.query) if pointer.query else None
    content = blocks.payload(deps.renderer, card, actor.language, back=back)
    press.respond(content, replace_original=press.is_private)


def _compare(deps: Dependencies, press: Press) -> None:
    """One of the names that were not clear is decided."""
    actor, pointer = deps.identify(press.user_id), press.pointer
    names = state.names_of(pointer.query)
    with deps.bounds.asking(actor), deps.database.read() as session:
        found = compared.compared(
            session,
            deps.scheme_cache,
            deps.rules_in(session),
            actor,
            names,
            actor.today(deps.clock.now()),
        )
        deps.bounds.show(actor, found, session=session)
    _answer(deps, press, actor, found)


def _show_team(deps: Dependencies, press: Press) -> None:
    actor = deps.identify(press.user_id)
    found = team.team(
        deps.database,
        deps.scheme_cache,
        deps.rules,
        actor,
        press.pointer.id,
        now=deps.clock.now(),
        share=deps.settings.care_share,
    )
    _answer(deps, press, actor, found)


def _send_file(deps: Dependencies, kind: str, press: Press) -> None:
    from bot.services.ask.questions import answering

    actor, now = deps.identify(press.user_id), deps.clock.now()
    today = actor.today(now)
    query, _ = state.list_of(press.pointer.query)
    with deps.bounds.asking(actor), deps.database.read() as session:
        found = file.rows_for(session, deps.scheme_cache, deps.rules_in(session), actor, query, today)
        allowed = deps.bounds.allowed(actor, found.ids, session)
        asked = answering.heading(deps.question_sources(), session, actor, query)
    if found.rows and not allowed:
        raise Conflict(NOTHING_LEFT)
    made = file.made(
        found,
        query,
        allowed=allowed,
        kind=kind,
        language=actor.language,
        asked=asked,
        now=now,
        today=today,
    )
    file.record(deps.database, actor, allowed, kind)
    comment = deps.renderer.slots(made.message, actor.language).fallback
    deps.gateway.send_file(press.user_id, made.name, made.content, comment)
    _tell(deps, press, actor, made.message)


def _answer(deps: Dependencies, press: Press, actor: Actor, message: Message) -> None:
    deps.tables.respond(press, deps.renderer, message, actor.language, replace_original=press.is_private)


def _tell(deps: Dependencies, press: Press, actor: Actor, message: FileSent) -> None:
    content = blocks.payload(deps.renderer, message, actor.language)
    press.respond(content, response_type="ephemeral", replace_original=False)
