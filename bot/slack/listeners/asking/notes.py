"""*Notes* on a card: what was logged about a customer, in pages; a contact of one's own is changed or taken back here."""

from collections.abc import Callable
from functools import partial
from typing import Any

from slack_bolt import Ack, App, BoltContext
from slack_sdk import WebClient

from bot.errors import N_, BadInput
from bot.services.access import WHO_MAY_OPEN, Actor
from bot.services.ask import notes
from bot.services.ask.notes.changes import NoteToChange
from bot.services.care.plan import CONTACTS
from bot.slack import blocks, forms, outcomes
from bot.slack.deferred import BEGIN, Attempt, Deferred, Press
from bot.slack.dependencies import Dependencies
from bot.slack.listeners.card_menu import offers
from bot.slack.listeners.records.opening import load, update_below
from bot.wording import catalogue
from bot.wording.actions import Action, Pointer
from bot.wording.ask.notes import NoteSaved
from bot.wording.message_base import Message
from bot.wording.messages import Problem
from bot.wording.rendering import escape, problem_text
from db.processes import InboundKey, Repeated

NoteAct = Callable[[Actor, Pointer, dict[str, Any], dict[str, Any]], NoteSaved]
TITLE = N_("Notes")
SAVED_BEFORE = N_("This was saved before.")
BEFORE_TAKING_BACK = N_(
    "This contact is deleted: the care steps that it fulfilled are owed again, and the grading counts without it. What it"
    " was is kept for the audit."
)


def register(app: App, deps: Dependencies, deferred: Deferred) -> None:
    @offers(app, Action.NOTES)
    @deferred.reads
    def show(press: Press) -> None:
        actor = deps.identify(press.user_id)
        on_top = "view" in press.body
        load(deps, press, actor, TITLE, lambda: list_view(deps, actor, press.pointer), on_top=on_top)

    def turn(press: Press) -> None:
        """Show another page where this one is."""
        actor = deps.identify(press.user_id)
        pointer = press.pointer
        of = Pointer(id=pointer.id, mark=pointer.mark)
        if "view" in press.body:
            view = list_view(deps, actor, of, pointer.version)
            press.client.views_update(view_id=press.body["view"]["id"], view=view)
        else:
            page = blocks.payload(deps.renderer, listed(deps, actor, of, pointer.version), actor.language)
            press.respond(page, replace_original=True)

    app.action(str(Action.NOTES_OLDER))(deferred.reads(turn))
    app.action(str(Action.NOTES_NEWER))(deferred.reads(turn))

    @app.action(str(Action.CHANGE_NOTE))
    @deferred.reads
    def open_change(press: Press) -> None:
        open_form(press, change_form)

    @app.action(str(Action.TAKE_BACK_NOTE))
    @deferred.reads
    def open_take_back(press: Press) -> None:
        open_form(press, take_back_form)

    def open_form(press: Press, form: Callable[[NoteToChange, str, str], dict[str, Any]]) -> None:
        actor = deps.identify(press.user_id)

        def made() -> dict[str, Any]:
            with deps.bounds.asking(actor), deps.database.read() as session:
                found = notes.to_change(session, actor, press.pointer)
            return form(found, blocks.encode(press.pointer), actor.language)

        load(deps, press, actor, TITLE, made, on_top="view" in press.body)

    @app.view(str(Action.CHANGE_NOTE_FORM))
    def save_change(ack: Ack, body: dict[str, Any], client: WebClient, context: BoltContext) -> None:
        save(ack, Press(body=body, client=client), context, changed)

    @app.view(str(Action.TAKE_BACK_NOTE_FORM))
    def save_take_back(ack: Ack, body: dict[str, Any], client: WebClient, context: BoltContext) -> None:
        save(ack, Press(body=body, client=client), context, taken_back)

    def save(ack: Ack, press: Press, context: BoltContext, act: NoteAct) -> None:
        """Store first, answer then; the list below the form is shown anew once that is answered."""
        saved: list[NoteSaved] = []
        ack(**deferred.writes.finish(press, lambda attempt: stored(press, attempt, act, saved)))
        context[BEGIN] = lambda: deferred.writes.put(lambda: refresh(press, saved), press.user_id)

    def stored(press: Press, attempt: Attempt, act: NoteAct, saved: list[NoteSaved]) -> dict[str, Any]:
        actor, view = deps.identify(press.user_id), press.body["view"]
        pointer = blocks.decode(view["private_metadata"])
        # Not the trigger: a form that is sent again, because its answer was lost, is the same act.
        request = InboundKey(team_id=press.key.team_id, kind="note_form", key=str(view["id"]))
        besides = {
            "rules": deps.rules,
            "now": deps.clock.now(),
            "request": request,
            "before_commit": attempt.before_commit,
        }
        shown: Message
        try:
            with deps.bounds.asking(actor):
                shown = act(actor, pointer, view, besides)
            saved.append(shown)
        except BadInput as error:
            sentence = blocks.plain(problem_text(error, actor.language), 300)["text"]
            return {"response_action": "errors", "errors": {error.field or "day": sentence}}
        except Repeated:
            attempt.settle()
            shown = Problem(text=catalogue.gettext(actor.language)(SAVED_BEFORE))
        return {"response_action": "update", "view": outcomes.view(deps, shown, actor.language, TITLE)}

    def refresh(press: Press, saved: list[NoteSaved]) -> None:
        for one in saved:
            actor = deps.identify(press.user_id)
            update_below(press, partial(list_view, deps, actor, Pointer(id=one.customer_id)))

    def changed(actor: Actor, pointer: Pointer, view: dict[str, Any], besides: dict[str, Any]) -> NoteSaved:
        kind, day, note = forms.visit_values(view, CONTACTS)
        return notes.change(deps.database, actor, pointer, kind=kind, happened_on=day, note=note, **besides)

    def taken_back(
        actor: Actor, pointer: Pointer, view: dict[str, Any], besides: dict[str, Any]
    ) -> NoteSaved:
        return notes.take_back(deps.database, actor, pointer, **besides)


def listed(deps: Dependencies, actor: Actor, pointer: Pointer, start: int = 0) -> Message:
    """A page of notes."""
    with deps.bounds.asking(actor), deps.database.read() as session:
        found = notes.notes(session, deps.scheme_cache, actor, pointer, start, refusal=WHO_MAY_OPEN)
        deps.bounds.show(actor, found, session=session)
    return found


def list_view(deps: Dependencies, actor: Actor, pointer: Pointer, start: int = 0) -> dict[str, Any]:
    """The same as a view."""
    return blocks.modal(deps.renderer, listed(deps, actor, pointer, start), actor.language, TITLE)


def change_form(found: NoteToChange, metadata: str, language: str) -> dict[str, Any]:
    """The form that changes a contact."""
    gettext = catalogue.gettext(language)
    inputs = forms.contact_inputs(found.kind, found.day, found.note, gettext)
    about = f"{escape(found.customer)} {escape(found.code)}"
    return forms.form_view(Action.CHANGE_NOTE_FORM, TITLE, about, inputs, metadata, gettext)


def take_back_form(found: NoteToChange, metadata: str, language: str) -> dict[str, Any]:
    """The question before a contact is taken back."""
    gettext = catalogue.gettext(language)
    about = f"{escape(found.customer)} {escape(found.code)}"
    texts = (gettext(BEFORE_TAKING_BACK), *([escape(found.note, forms.NOTE)] if found.note else []))
    form = forms.form_view(Action.TAKE_BACK_NOTE_FORM, TITLE, about, (), metadata, gettext, texts)
    return {**form, "submit": blocks.plain(gettext("Take back"), blocks.TITLE)}
