"""*Add a prospect…*: the form, the question whether it is a customer that is there already, and Undo."""

from contextlib import suppress
from typing import Any

from slack_bolt import Ack, App
from slack_sdk import WebClient

from bot.errors import N_, BadInput, NotAllowed, Phrase
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.ask import prospects
from bot.services.ask.prospects import GivenProspect, SimilarNames
from bot.services.ask.prospects.adding import LONGEST_CODE, LONGEST_NAME, LONGEST_WORD
from bot.services.name_keys import fold
from bot.slack import forms, outcomes
from bot.slack.blocks import BUTTON, Block, plain
from bot.slack.deferred import Attempt, Deferred, Press
from bot.slack.dependencies import Dependencies
from bot.slack.forms import Input
from bot.slack.listeners.records.act_forms import show_undone
from bot.wording import catalogue
from bot.wording.actions import Action
from bot.wording.rendering import escape
from db.processes import InboundKey

TITLE = N_("Add a prospect")
IS_NEW = "is_new"  # the box that says that it is none of those which were shown
TEXTS: dict[str, tuple[str, int]] = {  # input -> label, and how long it may be
    "name": (N_("Name of the company"), LONGEST_NAME),
    "code": (N_("Code"), LONGEST_CODE),
    "country": (N_("Country"), LONGEST_WORD),
    "region": (N_("Region"), LONGEST_WORD),
    "lead_source": (N_("Where do you know them from?"), LONGEST_WORD),
}
HINTS: dict[str, str] = {
    "code": N_("Without one it gets P- and the next free number."),
    "country": N_("Such as CN or Germany."),
    "lead_source": N_("Such as a trade fair, or who recommended you."),
}


def register(app: App, deps: Dependencies, deferred: Deferred) -> None:
    @app.action(str(Action.ADD_PROSPECT))
    @deferred.reads
    def open_form(press: Press) -> None:
        open_prospect_form(deps, press, _typed(press))

    @app.view(str(Action.PROSPECT_FORM))
    def save(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        """Store first, answer then: until it is stored, the form keeps what was typed."""
        press = Press(body=body, client=client)
        ack(**deferred.writes.finish(press, lambda attempt: record(press, attempt)))

    def record(press: Press, attempt: Attempt) -> dict[str, Any]:
        actor, view = deps.identify(press.user_id), press.body["view"]
        given = _entered(view)
        try:
            with deps.bounds.asking(actor):
                added = prospects.add_prospect(
                    deps.database,
                    actor,
                    given,
                    is_new=_is_new(view, given),
                    rules=deps.rules,
                    settings=deps.settings,
                    now=deps.clock.now(),
                    # Not the trigger: a form that is sent again, because its answer was lost, is the same act.
                    request=InboundKey(team_id=press.key.team_id, kind="prospect_form", key=str(view["id"])),
                    before_commit=attempt.before_commit,
                )
        except SimilarNames as similar:
            return {"response_action": "update", "view": _form(given, actor.language, similar)}
        shown = outcomes.view(deps, added.message, actor.language, TITLE)
        return {"response_action": "update", "view": shown}

    @app.action(str(Action.UNDO_PROSPECT))
    @deferred.writes
    def undo(press: Press) -> None:
        actor = deps.identify(press.user_id)
        with deps.bounds.asking(actor):
            taken = prospects.undo(
                deps.database, actor, press.pointer, now=deps.clock.now(), request=press.key
            )
        show_undone(deps, press, taken.message, actor, TITLE)


def open_prospect_form(deps: Dependencies, press: Press, name: str) -> None:
    """Open the empty form, with a name that was typed before."""

    def form(actor: Actor) -> Block:
        if not prospects.may_add(actor):
            raise NotAllowed(access.REFUSALS[Act.ADD_PROSPECT])
        return _form(GivenProspect(name=name[:LONGEST_NAME]), actor.language)

    outcomes.open_form(deps, press, form)


def _typed(press: Press) -> str:
    """The name in a button that offers the form."""
    with suppress(BadInput):
        return press.pointer.query or ""
    return ""


def _form(given: GivenProspect, language: str, similar: SimilarNames | None = None) -> Block:
    """The form with what was entered; with similar names, those and the box that says that it is none of them."""
    gettext = catalogue.gettext(language)
    inputs = [_text(name, getattr(given, name), gettext) for name in TEXTS]
    person: Block = {"initial_user": given.owner} if given.owner else {}
    label = N_("Who looks after it, if not you?")
    inputs.append(Input(name="person", label=label, kind="users_select", options=person, optional=True))
    notes: list[str] = []
    shown_for = fold(given.name) if similar is not None else ""
    if similar is not None:
        words = catalogue.of_reader(language)
        notes = [escape(Phrase(N_("In the book already:")).text(words))]
        notes += [
            f"• {escape(one.name)} {escape(one.code)}"
            + (f" · {escape(one.owner_name)}" if one.owner_name else "")
            for one in similar.found
        ]
        box = {"text": plain(gettext(N_("It is none of these: add it")), BUTTON), "value": IS_NEW}
        inputs.append(
            Input(name=IS_NEW, label=N_("Is it one of these?"), kind="checkboxes", options={"options": [box]})
        )
    about = gettext(N_("A company that has not bought yet. Its first order makes it an account."))
    return forms.form_view(
        Action.PROSPECT_FORM, TITLE, about, inputs, shown_for, gettext, ["\n".join(notes)] if notes else ()
    )


def _text(name: str, value: str | None, gettext: forms.GetText) -> Input:
    label, most = TEXTS[name]
    initial: Block = {"initial_value": value} if value else {}
    return Input(
        name=name,
        label=label,
        kind="plain_text_input",
        options={"max_length": most, **initial},
        optional=name != "name",
        hint=gettext(HINTS[name]) if name in HINTS else "",
    )


def _is_new(view: Block, given: GivenProspect) -> bool:
    """Whether it was said to be none of those which were shown, for the name that they were shown for."""
    ticked = forms.entered(view, IS_NEW, "selected_options")
    return bool(ticked) and view["private_metadata"] == fold(given.name)


def _entered(view: Block) -> GivenProspect:
    """What was entered. Raises BadInput."""
    texts = {name: forms.entered_text(view, name) for name in TEXTS}
    owner = forms.entered(view, "person", "selected_user") and forms.entered_person(view)
    return GivenProspect(**texts, owner=owner)
